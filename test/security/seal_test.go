package security

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

const (
	firstKey  = "1111111111111111111111111111111111111111111111111111111111111111"
	secondKey = "2222222222222222222222222222222222222222222222222222222222222222"
)

// echoing answers a call with what it was sent: 400 below /bad.
func echoing(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-About", r.URL.Query().Get("who"))
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusBadRequest)
		}
		fmt.Fprintf(w, `{"about":%q}`, r.URL.Query().Get("who"))
	}))
	t.Cleanup(s.Close)
	return s
}

const aboutPeople = `rules:
  - { name: good, event: scheduling.*, actions: [{ id: a, http: { url: "%[1]s/good", query: { who: "${{ meeting.meetingInfo.primaryInvitee }}" } } }, { wait: { for: 240h } }, { log: { message: "${{ actions.a.body.about }}" } }] }
  - { name: bad, event: scheduling.*, actions: [{ retry: { max: 1 }, http: { url: "%[1]s/bad", query: { who: "${{ meeting.meetingInfo.primaryInvitee }}" } } }] }
`

// TestSealedDatabase looks for a guest in the database itself, and then lets
// keys be missing, wrong, replaced and put back.
func TestSealedDatabase(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "gavel.db") },
		"postgres": func(t *testing.T) string { return testkit.NewDatabase(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys := filepath.Join(t.TempDir(), "keys")
			write(t, keys, "# the first\n"+firstKey+"\n")
			p := testkit.Start(t, testkit.Serve{
				Rules: fmt.Sprintf(aboutPeople, echoing(t).URL), Database: database(t), Args: []string{"--encryption-key-file", keys},
			})
			b := &battlefield{gavel: p, flags: []string{"--encryption-key-file", keys}}
			p.MustPost(testkit.Sample(t, event.TypeScheduled, "e1", "meeting.meetingInfo.primaryInvitee", "jane.doe@buyer.example"))
			testkit.Eventually(t, "one run waits and one has failed", func() bool { return len(b.list(t, "--status", "waiting,failed")) == 2 })
			for _, r := range b.list(t, "--status", "failed") {
				if !strings.Contains(r.Reason, "jane.doe@") {
					t.Errorf("with the key the reason is %q", r.Reason)
				}
			}
			bytesOf := stored(t, p.Database)
			for _, form := range []string{"jane.doe", hex.EncodeToString([]byte("jane.doe")), "buyer.example"} {
				if strings.Contains(bytesOf, form) {
					t.Errorf("the database holds %q", form)
				}
			}
			b.keysChange(t, keys)
		})
	}
}

func (b *battlefield) keysChange(t *testing.T, keys string) {
	p := b.gavel
	wrong := filepath.Join(t.TempDir(), "wrong")
	write(t, wrong, secondKey)
	for what, flags := range map[string][]string{"no key": nil, "another key": {"--encryption-key-file", wrong}} {
		r := testkit.Gavel(t, append([]string{"events", "show", "e1", "--database", p.Database}, flags...)...)
		if r.Code != 1 || !strings.Contains(r.Stderr, `event "e1": sealed with a key that was not given`) || !strings.Contains(r.Stderr, "--encryption-key-file") {
			t.Errorf("with %s: exit %d, %s", what, r.Code, r.Stderr)
		}
	}
	logged := func(words string) {
		t.Helper()
		testkit.Eventually(t, words, func() bool { return strings.Contains(p.Log(), words) })
	}
	write(t, keys, secondKey+"\n")
	logged("the key in use until now is gone")
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "e2"))
	write(t, keys, secondKey+"\n"+firstKey+"\n")
	logged("secrets reloaded")
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "e3"))
	testkit.Eventually(t, "all have run", func() bool { return len(b.list(t, "--status", "waiting,failed")) == 6 })

	// Without the older key, what it sealed waits; the rest continues.
	write(t, keys, secondKey+"\n")
	testkit.Eventually(t, "the older key is out of use", func() bool { return strings.Count(p.Log(), "secrets reloaded") == 2 })
	newest := []string{"--encryption-key-file", keys}
	if r := testkit.Gavel(t, append([]string{"events", "show", "e3", "--database", p.Database}, newest...)...); r.Code != 0 {
		t.Errorf("the newest event: %s", r.Stderr)
	}
	all := filepath.Join(t.TempDir(), "all")
	write(t, all, secondKey+"\n"+firstKey)
	b.flags = []string{"--encryption-key-file", all}
	b.list(t)
	again := b.idOf("e1", "bad")
	if r := testkit.Gavel(t, append([]string{"runs", "retry", again, "--database", p.Database}, b.flags...)...); r.Code != 0 {
		t.Fatalf("runs retry: %s", r.Stderr)
	}
	stands := func(words string) func() bool {
		return func() bool {
			r := testkit.Gavel(t, append([]string{"runs", "show", again, "--database", p.Database}, b.flags...)...)
			return strings.Contains(r.Stdout, words)
		}
	}
	testkit.Eventually(t, "the run waits for its key", stands("postponed: "))
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "e4"))
	testkit.Eventually(t, "another event goes on meanwhile", func() bool {
		b.list(t, "--status", "waiting,failed")
		return b.idOf("e4", "good") != "" && b.idOf("e4", "bad") != ""
	})
	write(t, keys, secondKey+"\n"+firstKey+"\n")
	testkit.Eventually(t, "the older key is back", func() bool { return strings.Count(p.Log(), "secrets reloaded") == 3 })
	if code := post(t, p, "/api/v1/runs/"+again+"/run-now"); code != http.StatusOK {
		t.Errorf("run now: %d", code)
	}
	testkit.Eventually(t, "the run goes on with its key", stands("400 Bad Request"))
}

// idOf finds the run of a rule for an event.
func (b *battlefield) idOf(eventID, rule string) string {
	for _, r := range b.seen {
		if r.EventID == eventID && r.Rule == rule {
			return r.ID
		}
	}
	return ""
}

func post(t *testing.T, p *testkit.Process, path string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.Console+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// stored is all that a database holds.
func stored(t *testing.T, database string) string {
	t.Helper()
	var all strings.Builder
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		files, err := filepath.Glob(path + "*")
		if err != nil || len(files) == 0 {
			t.Fatalf("%v, %v", files, err)
		}
		for _, f := range files {
			content, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(content)
		}
		return all.String()
	}
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "SET xmlbinary TO hex"); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), "SELECT query_to_xml('SELECT * FROM ' || quote_ident(tablename), true, false, '')::text FROM pg_tables WHERE schemaname = 'public'")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 4 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	return strings.ToLower(strings.Join(tables, "\n"))
}
