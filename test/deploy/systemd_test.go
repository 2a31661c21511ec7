package deploy

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// manager stands in for the service manager: it reads what it is told.
type manager struct {
	t    *testing.T
	path string
	conn *net.UnixConn
}

func newManager(t *testing.T) *manager {
	t.Helper()
	dir, err := os.MkdirTemp("", "gavel-notify-") // short, as the paths of sockets must be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &manager{t: t, path: path, conn: conn}
}

// until reads messages until one has a line that begins with want, and returns
// that and those before it.
func (m *manager) until(want string) (message string, before []string) {
	m.t.Helper()
	if err := m.conn.SetReadDeadline(time.Now().Add(90 * time.Second)); err != nil {
		m.t.Fatal(err)
	}
	for buf := make([]byte, 4096); ; {
		n, err := m.conn.Read(buf)
		if err != nil {
			m.t.Fatalf("waiting for %q after %q: %v", want, before, err)
		}
		message = string(buf[:n])
		for line := range strings.Lines(message) {
			if strings.HasPrefix(line, want) {
				return message, before
			}
		}
		before = append(before, message)
	}
}

func TestServiceManagerIsTold(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	p := testkit.Start(t, testkit.Serve{Env: []string{"NOTIFY_SOCKET=" + m.path, "WATCHDOG_USEC=300000"}})
	if _, before := m.until("READY=1"); strings.Contains(strings.Join(before, "\n"), "WATCHDOG=1") {
		t.Errorf("the watchdog was fed before Gavel was ready: %q", before)
	}
	m.until("WATCHDOG=1")
	m.until("WATCHDOG=1")

	p.Reload()
	if message, _ := m.until("RELOADING=1"); !strings.Contains(message, "MONOTONIC_USEC=") {
		t.Errorf("a reload without its time: %q", message)
	}
	if message, _ := m.until("READY=1"); !strings.Contains(message, "STATUS=ready; rules reloaded") {
		t.Errorf("after the reload: %q", message)
	}
	p.WriteRules("rules: [{ name: broken }]")
	p.Reload()
	m.until("RELOADING=1")
	if message, _ := m.until("READY=1"); !strings.Contains(message, "the previous ones are active") {
		t.Errorf("after a reload with errors: %q", message)
	}
	m.until("STATUS=ready; the rules on disk have errors")

	p.Signal(syscall.SIGTERM)
	m.until("STOPPING=1")
	if code := p.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if err := m.conn.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if n, err := m.conn.Read(make([]byte, 4096)); err == nil {
		t.Errorf("%d bytes were sent after STOPPING=1", n)
	}
}

// TestEventsWaitForARestart: the service manager holds the socket, so an event
// that comes while Gavel is away is answered by the next process.
func TestEventsWaitForARestart(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := testkit.Start(t, testkit.Serve{Sockets: map[string]*os.File{"events": file}})
	url := "http://" + l.Addr().String()
	post := func(id string) {
		a, err := testkit.Post(t, &http.Client{Timeout: 90 * time.Second}, url, testkit.Secret, testkit.Sample(t, event.TypeWebhookTest, id))
		if err != nil || a.Code != http.StatusOK {
			t.Errorf("event %s: %v %d %s", id, err, a.Code, a.Body)
		}
	}
	post("before")
	if _, err := p.Client.Get(p.URL); err == nil {
		t.Error("--listen is used besides the socket")
	}
	if code := p.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	connected := make(chan struct{})
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		close(connected)
		post("meanwhile")
	}()
	<-connected
	p.Restart()
	<-answered
}

func TestSocketsOfUnknownUseAreRefused(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" serve --signing-secret x`, testkit.Binary(t))
	cmd.ExtraFiles = []*os.File{file}
	cmd.Env = []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=metrics"}
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "FileDescriptorName=events") {
		t.Errorf("%v, no hint in:\n%s", err, out)
	}
}

// TestCredentials: what systemd passes as credentials is used without a flag.
func TestCredentials(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"gavel.console-token": "token-of-systemd\n", "CHANNEL_OF_RULES": "#sales\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	p := testkit.Start(t, testkit.Serve{
		Rules: `rules: [{ name: r, event: developer.webhook.test, actions: [{ log: { message: "${{ env.CHANNEL_OF_RULES }}" } }] }]`,
		Env:   []string{"CREDENTIALS_DIRECTORY=" + dir},
	})
	status := func(token string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.Console+"/api/v1/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := p.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	if with, without := status("token-of-systemd"), status("other"); with != http.StatusOK || without != http.StatusUnauthorized {
		t.Errorf("with the token %d, with another %d", with, without)
	}
}
