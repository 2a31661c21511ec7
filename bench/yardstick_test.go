package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/bench/traffic"
	"github.com/gavel-rules/gavel/bench/yardstick"
)

// TestTheHandwrittenReceiverKeepsEvents kills it as soon as all events are
// answered, and starts it again.
func TestTheHandwrittenReceiverKeepsEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	actions, err := traffic.NewSink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer actions.Close()
	addresses, err := freeAddresses(1)
	if err != nil {
		t.Fatal(err)
	}
	o := yardstick.Options{
		Role: yardstick.SQLiteRole, Address: addresses[0], Database: filepath.Join(b.dir, "events.db"), Sink: actions.URL,
	}
	start := func() *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), b.self, o.Args()...)
		cmd.Env = append(os.Environ(), yardstick.SecretVariable+"="+traffic.SigningSecret)
		cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for tick := time.NewTicker(5 * time.Millisecond); ; <-tick.C {
			if _, err := get(t.Context(), "http://"+addresses[0]+"/-/left"); err == nil {
				tick.Stop()
				break
			}
		}
		return cmd
	}
	list, err := traffic.Deliveries(300, "kill", addresses[0], traffic.SomeActions)
	if err != nil {
		t.Fatal(err)
	}
	first := start()
	seen, err := traffic.Load(t.Context(), addresses, list, traffic.Pace{Connections: 8, Limit: time.Minute})
	if err != nil || seen.Accepted != len(list) {
		t.Fatalf("load: %+v, %v", seen, err)
	}
	_ = first.Process.Kill()
	_ = first.Wait()
	second := start()
	if err := actions.Wait(t.Context(), len(list)/traffic.SomeActions, time.Minute); err != nil {
		t.Errorf("actions: %v, %d came", err, actions.Count())
	}
	_ = second.Process.Kill()
	_ = second.Wait()
}
