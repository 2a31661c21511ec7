package systemd_test

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/app/systemd"
)

// TestWatchdogIsNotFedWhileStuck is not parallel, because the environment names
// the manager.
func TestWatchdogIsNotFedWhileStuck(t *testing.T) {
	dir, err := os.MkdirTemp("", "notify")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "6000")
	m, err := systemd.New(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	states := []systemd.State{{Status: "ready"}, {Status: "ready"}, {Stuck: "the engine has stopped"}, {Stuck: "the engine has stopped"}, {Status: "ready"}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	looked := 0
	m.Watch(ctx, func(context.Context) systemd.State {
		now := states[looked]
		if looked++; looked == len(states) {
			time.AfterFunc(0, cancel)
		}
		return now
	})
	want := []string{"WATCHDOG=1|STATUS=ready", "WATCHDOG=1", "STATUS=stuck: the engine has stopped", "WATCHDOG=1|STATUS=ready"}
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1024)
	for i, w := range want {
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatalf("message %d, want %q: %v", i, w, err)
		}
		if got := strings.ReplaceAll(string(buf[:n]), "\n", "|"); got != w {
			t.Errorf("message %d: %q, want %q", i, got, w)
		}
	}
}
