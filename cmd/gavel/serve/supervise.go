package serve

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/app/budget"
	"github.com/gavel-rules/gavel/app/systemd"
)

// gcPercent lets the heap, which is small, grow to three times its live size.
// With Go's default of 100 the collector uses nearly three times the processor
// time under load, and saves about 15 MB.
const gcPercent = 200

// serve runs until ctx ends (a signal) or a part fails.
func serve(ctx context.Context, o app.Options) (err error) {
	o.Memory, o.Files = budget.LimitMemory(o.Logger), budget.CountFiles()
	if os.Getenv("GOGC") == "" && !o.Memory.Small() {
		debug.SetGCPercent(gcPercent)
	}
	manager, err := systemd.New(o.Logger)
	if err != nil {
		return err
	}
	if o.Sockets, err = systemd.TakeSockets(); err != nil {
		return err
	}
	manager.Starting("opening the database and loading the rules")
	a, err := app.New(ctx, o)
	if err != nil {
		return err
	}
	if err := a.Start(); err != nil {
		return errors.Join(err, a.Stop())
	}
	manager.Ready("ready")
	watching, leave := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { manager.Watch(watching, a.State) })
	stop := func() error {
		leave()
		watch.Wait()
		manager.Stopping(fmt.Sprintf("shutting down: actions in progress may take %s", o.ShutdownTimeout))
		return a.Stop()
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-hangup:
			reload(ctx, a, manager)
		case err := <-a.Failed():
			return errors.Join(err, stop())
		case <-ctx.Done():
			o.Logger.Info("shutting down", "delay", o.ShutdownDelay.String(), "timeout", o.ShutdownTimeout.String())
			if err := stop(); err != nil {
				return err
			}
			o.Logger.Info("stopped")
			return nil
		}
	}
}

// reload reads the rules again. The result is in the log too, and in the status
// of the rules.
func reload(ctx context.Context, a *app.App, manager *systemd.Manager) {
	manager.Reloading()
	findings, err := a.Reload(ctx)
	if err != nil || findings.HasErrors() {
		manager.Ready("ready; rules not reloaded because of errors, the previous ones are active")
		return
	}
	manager.Ready("ready; rules reloaded")
}
