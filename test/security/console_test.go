package security

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// mounted is a folder as container platforms mount secrets: the files are
// links into a folder that is exchanged as a whole.
type mounted struct {
	dir     string
	version int
}

func (m *mounted) put(t *testing.T, files map[string]string) {
	t.Helper()
	m.version++
	inside := fmt.Sprintf("..version_%d", m.version)
	if err := os.Mkdir(filepath.Join(m.dir, inside), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		write(t, filepath.Join(m.dir, inside, name), content)
	}
	next := filepath.Join(m.dir, "..data_next")
	if err := os.Symlink(inside, next); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, filepath.Join(m.dir, "..data")); err != nil {
		t.Fatal(err)
	}
	for name := range files {
		_ = os.Symlink(filepath.Join("..data", name), filepath.Join(m.dir, name)) // there already but for the first time
	}
}

// TestMountedSecrets exchanges every secret of Gavel itself while it runs.
func TestMountedSecrets(t *testing.T) {
	t.Parallel()
	m := &mounted{dir: t.TempDir()}
	database := "sqlite:" + filepath.Join(t.TempDir(), "gavel.db")
	m.put(t, map[string]string{"console": "first-console-token\n", "signing": "first-signing-secret\n", "database": database + "\n"})
	file := func(name string) string { return filepath.Join(m.dir, name) }
	p := testkit.Start(t, testkit.Serve{Database: "sqlite:gavel.db", Args: []string{
		"--console-token-file", file("console"), "--signing-secret-file", file("signing"), "--database-file", file("database"),
	}})
	status := func(token string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.Console+"/api/v1/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := p.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "e1"))
	if r := testkit.Gavel(t, "events", "show", "e1", "--database-file", file("database")); r.Code != 0 {
		t.Errorf("events show: %s", r.Stderr)
	}
	if first, second := status("first-console-token"), status("second-console-token"); first != http.StatusOK || second != http.StatusUnauthorized {
		t.Errorf("at first: %d and %d", first, second)
	}
	m.put(t, map[string]string{"console": "second-console-token\n", "signing": "second-signing-secret\n", "database": database})
	testkit.Eventually(t, "the new token is known", func() bool { return strings.Contains(p.Log(), `what="console token"`) })
	if first, second := status("first-console-token"), status("second-console-token"); first != http.StatusUnauthorized || second != http.StatusOK {
		t.Errorf("afterwards: %d and %d", first, second)
	}
	m.put(t, map[string]string{"console": "# nobody\n", "signing": "second-signing-secret\n", "database": database})
	testkit.Eventually(t, "the empty file is told of", func() bool { return strings.Contains(p.Log(), "the old ones stay") })
	if code := status("second-console-token"); code != http.StatusOK {
		t.Errorf("with an empty file: %d", code)
	}
	for _, secret := range []string{"first-console", "second-console", "second-signing", "first-signing", testkit.Secret} {
		if strings.Contains(p.Log(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// TestWhereTheConsoleListens: without a token on this machine alone.
func TestWhereTheConsoleListens(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty")
	write(t, empty, "\n")
	for _, flags := range [][]string{
		{"--console", "0.0.0.0:0"}, {"--console", ":0"}, {"--console", "[::]:0"}, {"--console", "192.0.2.1:0"}, {"--console", "gavel.acme.example:0"},
		{"--console", "0.0.0.0:0", "--console-token-file", empty}, {"--console", "0.0.0.0:0", "--console-token-file", empty + ".not"},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "rules.yaml"), "rules:\n  - { name: r, event: scheduling.*, actions: [{ log: { message: x } }] }\n")
		r := testkit.Run(t, testkit.Command{Dir: dir, Args: append([]string{"serve", "--listen", "127.0.0.1:0", "--signing-secret", "secret"}, flags...)})
		if r.Code != 1 || !strings.Contains(r.Stderr, "token") {
			t.Errorf("%q: exit %d, %s", flags, r.Code, r.Stderr)
		}
	}
}

// TestWritesAreWrittenDown: who, what and when of every write of the console
// and the API, whatever came of it.
func TestWritesAreWrittenDown(t *testing.T) {
	t.Parallel()
	const token = "audited-console-token"
	p := testkit.Start(t, testkit.Serve{
		Args:  []string{"--console-token", token, "--log-format", "json"},
		Rules: "rules:\n  - { name: later, event: scheduling.*, actions: [{ wait: { for: 240h } }, { log: { message: x } }] }\n",
	})
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "e1"))
	b := &battlefield{gavel: p}
	testkit.Eventually(t, "the run waits", func() bool { return len(b.list(t, "--status", "waiting")) == 1 })
	id := b.seen[0].ID
	for _, write := range []string{
		"PUT /api/v1/log-level {}", "POST /api/v1/erasures {}", "POST /api/v1/moves {}", "POST /api/v1/explanations {}", "POST /api/v1/events/e1/replay {}", "POST /events/e1/replay", "POST /playground",
		"/api/v1/runs/" + id + "/cancel", "/api/v1/runs/" + id + "/retry", "/api/v1/runs/" + id + "/run-now", "/runs/" + id + "/cancel",
		"/-/reload", "/rules/reload", "/logout", "/api/v1/runs/no-such-run/cancel",
	} {
		if strings.HasPrefix(write, "/") {
			write = "POST " + write
		}
		method, rest, _ := strings.Cut(write, " ")
		path, body, _ := strings.Cut(rest, " ")
		req, err := http.NewRequestWithContext(t.Context(), method, p.Console+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		if body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		client := &http.Client{Transport: p.Client.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		want := []string{`"msg":"console write"`, `"time":"20`, fmt.Sprintf(`"method":%q`, method), fmt.Sprintf(`"path":%q`, path), fmt.Sprintf(`"status":%d`, res.StatusCode), `"remote":"127.0.0.1:`, `"by":"token"`}
		testkit.Eventually(t, "the write of "+path+" is in the log", func() bool {
			for line := range strings.Lines(p.Log()) {
				found := 0
				for _, part := range want {
					if strings.Contains(line, part) {
						found++
					}
				}
				if found == len(want) {
					return true
				}
			}
			return false
		})
	}
	if strings.Contains(p.Log(), token) {
		t.Error("the log holds the token")
	}
}
