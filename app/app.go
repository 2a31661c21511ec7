package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"

	"github.com/gavel-rules/gavel/app/backups"
	"github.com/gavel-rules/gavel/app/clock"
	"github.com/gavel-rules/gavel/app/health"
	"github.com/gavel-rules/gavel/app/listen"
	"github.com/gavel-rules/gavel/app/retention"
	"github.com/gavel-rules/gavel/app/traces"
	"github.com/gavel-rules/gavel/console"
	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/notice"
	"github.com/gavel-rules/gavel/receiver"
	"github.com/gavel-rules/gavel/receiver/refusals"
	"github.com/gavel-rules/gavel/rules/live"
	"github.com/gavel-rules/gavel/rules/revisions"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

// App is one running Gavel.
type App struct {
	opts  Options
	log   *slog.Logger
	store store.Store
	clock *clock.Clock
	owner string // of this process, in leases and traces

	traces *traces.Provider // nil when nothing is traced

	receiver  *receiver.Receiver
	refusals  *refusals.Counter
	live      *live.Live
	revisions *revisions.Cache
	engine    *engine.Engine
	watch     watch
	notices   *notice.Notices
	retention *retention.Retention
	footing   *health.Footing
	vital     *health.Health
	size      *health.Size
	backups   *backups.Backups // nil without --backup-to
	// backingUp lets one backup be made at a time.
	backingUp sync.Mutex

	console     *console.Console
	tokens      []string // of the console, in use
	secretFiles secretFiles

	intake, admin                 *http.Server
	intakeListener, adminListener net.Listener

	background sync.WaitGroup
	stop       context.CancelFunc
	started    bool
	leaving    atomic.Bool // Stop was called
	stopOnce   sync.Once
	stopErr    error
	failed     chan error
}

// New opens the database, loads the rules and binds both addresses; no event
// is received and no run carried out before Start. On an error everything is
// closed again.
func New(ctx context.Context, o Options) (*App, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	owner := ownerName()
	provider, err := traces.Start(ctx, o.Traces, traces.Options{Version: o.Version, Instance: owner, Log: o.Logger})
	if err != nil {
		return nil, err
	}
	if o.Traces.On() {
		o.Logger = traces.Logged(o.Logger)
	}
	o.Rules.Logger, o.Rules.Version = o.Logger, o.Version
	o.Rules.OwnFiles = []string{o.TLSKey, o.EncryptionKeyFile, o.BackupKeyFile, o.ConsoleTokenFile}
	o.Rules.KeepConnections()
	a := &App{opts: o, log: o.Logger, clock: clock.New(o.Logger), owner: owner, traces: provider, stop: func() {}, failed: make(chan error, 4)}
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.close())
	}
	a.followFiles()
	return a, nil
}

func (a *App) open(ctx context.Context) (err error) {
	a.store, err = vault.WhileAway(ctx, a.opts.StartTimeout, a.log, func() (store.Store, error) {
		return vault.OpenServing(ctx, a.opts.Database, a.opts.EncryptionKeyFile, vault.Serving{Tell: migrationLog(a.log), CacheBytes: a.opts.Memory.Cache()})
	})
	if err != nil {
		return err
	}
	if err := a.whileAway(ctx, func() error { return a.clock.Started(ctx, a.store) }); err != nil {
		return err
	}
	vault.RemoveUnsent(a.opts.Database)
	a.footing = health.NewFooting(a.store.Footing, a.log)
	a.size = health.NewSize(a.store.Size, vault.OnDisk(a.opts.Database), a.log)
	a.size.Look(ctx) // a scrape must not find a full disk
	if err := a.whileAway(ctx, func() error { return a.loadRules(ctx) }); err != nil {
		return err
	}
	a.retention, err = retention.New(retention.Options{Store: a.store, Keep: a.opts.Keep, Archive: a.opts.Archive, Clock: a.clock, Log: a.log})
	if err != nil {
		return err
	}
	if a.backups, err = a.newBackups(); err != nil {
		return err
	}
	a.revisions = revisions.New(a.store, a.live.Current, a.opts.Rules.Compile)
	a.engine = engine.New(engine.Options{
		Store: vault.Traced(a.store, a.tracer("store"), a.opts.Database), Current: a.live.Current, Revisions: a.revisions,
		Owner: a.owner, Workers: a.opts.workers(), LargeBodies: a.opts.Memory.LargeBodies(), Logger: a.log, Observer: a.observe(),
		Private: a.opts.Private, Tracer: a.tracer("engine"),
		Now: a.clock.Now, Due: a.clock.Due, Pauses: a.store,
	})
	a.notices = a.newNotices()
	return a.listen()
}

// whileAway retries a step of the start while the database is unavailable,
// which it can become after it was opened.
func (a *App) whileAway(ctx context.Context, step func() error) error {
	_, err := vault.WhileAway(ctx, a.opts.StartTimeout, a.log, func() (struct{}, error) { return struct{}{}, step() })
	return err
}

func (a *App) listen() (err error) {
	o := a.opts.Receiver
	o.Limits = a.opts.limits()
	a.refusals = refusals.New(a.store, a.log, time.Now)
	o.Refused = a.refused
	o.Log, o.Observer, o.Tracer = a.log, gateObserver{a.watch.metrics, a.watch.source}, a.tracer("receiver")
	a.receiver, err = receiver.New(o, sink{a.engine, a.watch.metrics, a.watch.drifts, a.clock})
	if err != nil {
		return err
	}
	if a.intakeListener, err = listen.Bind(a.opts.Sockets.Events, a.opts.Listen, "events"); err != nil {
		return err
	}
	if a.adminListener, err = listen.Bind(a.opts.Sockets.Console, a.opts.Console, "the console"); err != nil {
		return err
	}
	trusted := listen.Proxies(a.opts.TrustedProxies)
	a.intake = receiver.NewServer(a.opts.Listen, trusted.InFront(a.receiver), a.log)
	a.intake.IdleTimeout = a.opts.idle()
	events, console := a.opts.connections(), a.opts.consoleConnections()
	events.Trusted, console.Trusted = trusted.Has, trusted.Has
	events.Log, console.Log = a.log, a.log
	a.intakeListener = events.Limit(a.intakeListener, a.opts.TLSCert == "")
	a.adminListener = console.Limit(a.adminListener, true)
	if a.opts.TLSCert != "" {
		certificate, err := listen.NewCertificate(a.opts.TLSCert, a.opts.TLSKey, a.log)
		if err != nil {
			return err
		}
		a.intakeListener = tls.NewListener(a.intakeListener, certificate.Config())
	}
	if a.admin, err = a.newConsole(trusted); err != nil {
		return err
	}
	a.admin.IdleTimeout = a.opts.idle()
	return nil
}

// Start begins to receive events and to carry out runs. It returns when both
// addresses answer; Failed reports what breaks later.
func (a *App) Start() error {
	ctx, stop := context.WithCancel(context.Background())
	a.stop = stop
	if err := a.engine.Start(); err != nil {
		return err
	}
	a.beginNotices(ctx)
	a.serve("receiver", a.intake, a.intakeListener)
	a.serve("console", a.admin, a.adminListener)
	a.background.Go(func() { a.watchRules(ctx) })
	a.background.Go(func() { a.tellReloads(ctx) })
	a.background.Go(func() { a.listKeys(ctx) })
	if a.opts.Rules.SecretsDir != "" || len(a.secretFiles.list) > 0 {
		a.background.Go(func() { a.watchSecrets(ctx) })
	}
	a.background.Go(func() { a.watch.source.Run(ctx) })
	a.background.Go(func() { a.notices.Run(ctx) })
	a.background.Go(func() { a.index(ctx) })
	a.background.Go(func() { a.watch.taken.facts.Run(ctx) })
	a.background.Go(func() { a.footing.Run(ctx) })
	a.background.Go(func() { a.size.Run(ctx) })
	if a.backups != nil {
		a.background.Go(func() { a.backups.Run(ctx) })
	}
	a.background.Go(func() { a.refusals.Run(ctx) })
	a.background.Go(func() { a.schedules().Run(ctx) })
	if a.opts.Keep > 0 {
		a.background.Go(func() { a.retention.Run(ctx) })
	}
	a.started = true
	a.log.Info("ready", "receiver", a.Addr(), "console", a.ConsoleAddr(), "rules", a.live.Current().Revision, "database", vault.RedactURL(a.opts.Database))
	return nil
}

func (a *App) serve(name string, s *http.Server, l net.Listener) {
	a.background.Go(func() {
		if err := s.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.failed <- fmt.Errorf("%s: %w", name, err)
		}
	})
}

// Failed receives an error when a part of the program has stopped
// unexpectedly; the process should then exit with a failure.
func (a *App) Failed() <-chan error { return a.failed }

// Addr and ConsoleAddr return the addresses in use, with the chosen port when
// port 0 was configured.
func (a *App) Addr() string        { return a.intakeListener.Addr().String() }
func (a *App) ConsoleAddr() string { return a.adminListener.Addr().String() }

// Stop shuts down in order: readiness turns to no, so that no more requests
// are sent here; after ShutdownDelay no more events are accepted, requests and
// actions in progress finish within ShutdownTimeout, leases are released and
// the store closes. It is safe to call more than once.
func (a *App) Stop() error {
	a.stopOnce.Do(func() {
		a.leaving.Store(true)
		if a.started {
			time.Sleep(a.opts.ShutdownDelay)
		}
		ctx, cancel := context.WithTimeout(context.Background(), a.opts.ShutdownTimeout)
		defer cancel()
		a.stop()
		var problems []error
		// Requests in progress wait for nothing but the store.
		if err := a.intake.Shutdown(ctx); err != nil {
			problems = append(problems, fmt.Errorf("receiver: %w", err))
		}
		if a.started {
			a.refusals.Flush(ctx)
		}
		if err := a.engine.Stop(ctx); err != nil {
			problems = append(problems, err)
		}
		if err := a.admin.Shutdown(ctx); err != nil {
			problems = append(problems, fmt.Errorf("console: %w", err))
		}
		a.background.Wait()
		problems = append(problems, a.close())
		a.stopErr = errors.Join(problems...)
	})
	return a.stopErr
}

// close frees what New opened.
func (a *App) close() error {
	for _, l := range []net.Listener{a.intakeListener, a.adminListener} {
		if l != nil {
			_ = l.Close() // closed already after Shutdown
		}
	}
	defer a.traces.Stop()
	if a.store == nil {
		return nil
	}
	if err := a.store.Close(); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// tracer returns what makes the spans of a package; nil when nothing is traced.
func (a *App) tracer(part string) trace.Tracer {
	return a.traces.Tracer("github.com/gavel-rules/gavel/" + part)
}

// ownerName returns a name that no other process has or had.
func ownerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), uuid.NewString()[:8])
}
