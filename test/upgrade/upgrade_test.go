package upgrade

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/standin"
	"github.com/gavel-rules/gavel/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// rulesFormat has something of everything that a database keeps: a wait, a failure,
// what rules remember, a message that lives, a digest, and a paused rule.
const rulesFormat = `
connections:
  sink: { kind: http, base_url: %s }
  other: { kind: http, base_url: %[1]s }
  slack: { token: xoxb-upgrade, api_url: %s }
memory:
  all: { key: '"all"', keep: 30d }
rules:
  - name: remind
    event: scheduling.smartscheduler.scheduled
    actions:
      - wait: { until: meeting.meetingStart }
      - http: { connection: sink, method: POST, url: /remind, json: { event: "${{ event.eventId }}" } }
        retry: { max: 100, initial: 100ms, longest: 1s }
  - name: fail
    event: scheduling.smartscheduler.scheduled
    actions:
      - http: { connection: sink, method: POST, url: /fail, json: { event: "${{ event.eventId }}" } }
        retry: false
  - name: count
    event: scheduling.*
    actions:
      - increment: { all: { seen: 1 } }
  - name: tell
    event: scheduling.smartscheduler.canceled
    actions:
      - http: { connection: sink, method: POST, url: /tell, json: { event: "${{ event.eventId }}", seen: "${{ memory.all.seen }}" } }
        retry: { max: 100, initial: 100ms, longest: 1s }
  - name: living
    event: scheduling.*
    actions:
      - slack: { channel: "#upgrade", text: "${{ meeting.id }} ${{ event.eventType }}", living: true }
  - name: held
    event: scheduling.smartscheduler.scheduled
    actions:
      - http: { connection: other, method: POST, url: /held, json: { event: "${{ event.eventId }}" } }
`

// bench is a database and all that Gavel talks to.
type bench struct {
	t *testing.T
	*testkit.Process
	slack *standin.Slack

	mu    sync.Mutex
	calls map[string][]string // by path: the bodies
}

func setup(t *testing.T, database, program string) *bench {
	t.Helper()
	b := &bench{t: t, slack: standin.NewSlack(standin.SlackOptions{}), calls: map[string][]string{}}
	if err := b.slack.Start(""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.slack.Stop(t.Context()) }) // what is left of it ends with the test
	sink := httptest.NewServer(http.HandlerFunc(b.take))
	t.Cleanup(sink.Close)
	b.Process = testkit.Start(t, testkit.Serve{Rules: fmt.Sprintf(rulesFormat, sink.URL, b.slack.APIURL()), Database: database, Binary: program})
	return b
}

func (b *bench) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller was killed
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls[r.URL.Path] = append(b.calls[r.URL.Path], string(body))
	if r.URL.Path == "/fail" {
		w.WriteHeader(http.StatusUnprocessableEntity)
	}
}

// taken returns how many calls a path got.
func (b *bench) taken(path string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.calls[path])
}

// send sends an event of a meeting that starts after a while.
func (b *bench) send(eventType, id, meeting string, start time.Duration) {
	b.t.Helper()
	at := time.Now().Add(start).UTC()
	b.MustPost(testkit.Sample(b.t, eventType, id, "meeting.id", meeting,
		"eventTimestamp", time.Now().UTC().Format(time.RFC3339Nano),
		"meeting.meetingStart", at.Format(time.RFC3339Nano), "meeting.meetingEnd", at.Add(time.Hour).Format(time.RFC3339Nano)))
}

const meetings = 12

// fill lets a program fill the database: meetings that wait until they are moved to
// soon, see soon.
func (b *bench) fill(program string) {
	b.t.Helper()
	// The server itself knows of a pause at once.
	if r := testkit.Run(b.t, testkit.Command{Args: []string{"connections", "pause", "other", "--server", b.Console}, Binary: program}); r.Code != 0 {
		b.t.Fatalf("gavel connections pause ended with %d: %s", r.Code, r.Stderr)
	}
	for i := range meetings {
		b.send(event.TypeScheduled, fmt.Sprintf("e-%d", i), fmt.Sprintf("m-%d", i), time.Hour)
	}
	b.settled(program, meetings)
}

// settled waits until nothing is under way: a reminder of each meeting waits, and
// all else has ended or is paused.
func (b *bench) settled(program string, waiting int) {
	b.t.Helper()
	testkit.Eventually(b.t, "all to be done but what waits", func() bool {
		n := b.statuses(program)
		return n["waiting"] == waiting && n["pending"] <= meetings && n["running"] == 0 && n["failed"] == meetings &&
			b.taken("/fail") == meetings && len(b.slack.Messages()) == meetings
	})
}

// ok runs a command of a program on the database and wants it to work.
func (b *bench) ok(program string, args ...string) string {
	b.t.Helper()
	r := testkit.Run(b.t, testkit.Command{Args: append(args, "--database", b.Database), Binary: program})
	if r.Code != 0 {
		b.t.Fatalf("gavel %q ended with %d: %s", args, r.Code, r.Stderr)
	}
	return r.Stdout
}

// statuses counts the runs by their states.
func (b *bench) statuses(program string) map[string]int {
	b.t.Helper()
	n := map[string]int{}
	for line := range strings.Lines(b.ok(program, "runs", "export")) {
		var run struct {
			Status string `json:"status"`
		}
		if err := json.Unmarshal([]byte(line), &run); err != nil {
			b.t.Fatal(err)
		}
		n[run.Status]++
	}
	return n
}

// kept is what a program reads, and has to stay the same whoever serves.
func (b *bench) kept(program string) string {
	b.t.Helper()
	var all []string
	for _, args := range [][]string{{"events", "export"}, {"runs", "export"}, {"issues", "list", "--output", "json"}, {"pause"}} {
		all = append(all, b.ok(program, args...))
	}
	return strings.Join(all, "\n")
}

// become stops the program and starts another on the same database.
func (b *bench) become(program string) {
	b.t.Helper()
	if code := b.Stop(); code != 0 {
		b.t.Fatalf("gavel serve ended with %d:\n%s", code, b.Log())
	}
	b.Become(program)
	b.Restart()
}

// soon moves the first meetings to the present, cancels the next, and wants each
// reminder once and every message that lives changed, not sent again.
func (b *bench) soon(program string, from, moved, canceled int) {
	b.t.Helper()
	for i := from; i < from+moved; i++ {
		b.send(event.TypeRescheduled, fmt.Sprintf("moved-%d", i), fmt.Sprintf("m-%d", i), 500*time.Millisecond)
	}
	before := b.taken("/tell")
	for i := from + moved; i < from+moved+canceled; i++ {
		b.send(event.TypeCanceled, fmt.Sprintf("canceled-%d", i), fmt.Sprintf("m-%d", i), time.Hour)
	}
	testkit.Eventually(b.t, "the reminders of moved meetings", func() bool { return b.taken("/remind") >= from/(moved+canceled)*moved+moved })
	testkit.Eventually(b.t, "the canceled meetings to be told", func() bool { return b.taken("/tell") == before+canceled })
	b.settled(program, meetings-from-moved-canceled)
	b.once()
}

// once wants each reminder once.
func (b *bench) once() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	bodies := slices.Sorted(slices.Values(b.calls["/remind"]))
	if all := len(bodies); all != len(slices.Compact(bodies)) {
		b.t.Errorf("%d reminders, of which some came twice: %q", all, bodies)
	}
}

// remembered wants that all events were counted once, whoever did it. The event
// that tells it may have been counted itself.
func (b *bench) remembered(events int) {
	b.t.Helper()
	before := b.taken("/tell")
	b.send(event.TypeCanceled, "last", "m-last", time.Hour)
	testkit.Eventually(b.t, "the last event to be told", func() bool { return b.taken("/tell") == before+1 })
	b.mu.Lock()
	defer b.mu.Unlock()
	if last := b.calls["/tell"][before]; !strings.Contains(last, fmt.Sprintf(`"seen":%d}`, events)) && !strings.Contains(last, fmt.Sprintf(`"seen":%d}`, events+1)) {
		b.t.Errorf("%d events were counted as %s", events, last)
	}
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	thereAndBack(t, "sqlite:"+filepath.Join(t.TempDir(), "gavel.db"))
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	thereAndBack(t, testkit.NewDatabase(t))
}

// thereAndBack lets the last release fill a database, this program take it over,
// and the last release again.
func thereAndBack(t *testing.T, database string) {
	old := testkit.Release(t)
	b := setup(t, database, old)
	b.fill(old)
	before := b.kept(old)
	b.become("")
	if after := b.kept(old); after != before {
		t.Errorf("the database has changed:\n%s\n%s", before, after)
	}
	b.soon("", 0, 3, 1)
	b.become(old)
	b.soon(old, 4, 3, 1)
	b.become("")
	b.soon("", 8, 3, 1)
	if b.taken("/held") != 0 {
		t.Error("what was paused by the old program was sent")
	}
	b.ok("", "connections", "resume", "other", "--yes")
	testkit.Eventually(t, "what was paused to be sent", func() bool { return b.taken("/held") == meetings })
	b.remembered(2 * meetings)
	newer(t, b, old)
}

// newer makes the database one that a later version has migrated, first to
// something that this program can use, and then to something that it cannot.
func newer(t *testing.T, b *bench, old string) {
	if code := b.Stop(); code != 0 {
		t.Fatalf("gavel serve ended with %d", code)
	}
	driver, url, prefix := "pgx", b.Database, "gavel_"
	if path, ok := strings.CutPrefix(b.Database, "sqlite:"); ok {
		driver, url, prefix = "sqlite", path, ""
	}
	db, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var now int
	if err := db.QueryRowContext(t.Context(), "SELECT max(version_id) FROM "+prefix+"migrations").Scan(&now); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"CREATE TABLE IF NOT EXISTS " + prefix + "notes (name text NOT NULL PRIMARY KEY, value text NOT NULL)",
		"DELETE FROM " + prefix + "notes",
		fmt.Sprintf("INSERT INTO %snotes (name, value) VALUES ('since', '%d %d 0.1.0')", prefix, now+1, now),
		fmt.Sprintf("INSERT INTO %smigrations (version_id, is_applied) VALUES (%d, true)", prefix, now+1),
	} {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	b.Restart()
	if got := b.ok("", "migrate", "--dry-run"); !strings.Contains(got, "a newer Gavel has migrated it, and this one can still use it") {
		t.Errorf("gavel migrate says %s", got)
	}
	b.send(event.TypeScheduled, "newer", "m-newer", time.Hour)
	if code := b.Stop(); code != 0 {
		t.Errorf("gavel serve ended with %d", code)
	}
	refuses := func(program, want string) {
		t.Helper()
		r := testkit.Run(t, testkit.Command{Binary: program, Args: []string{"serve", "--rules", b.RulesFile, "--database", b.Database, "--signing-secret", testkit.Secret,
			"--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"}})
		if r.Code != 1 || !strings.Contains(r.Stderr, want) {
			t.Errorf("it ended with %d and does not say %q: %s", r.Code, want, r.Stderr)
		}
	}
	refuses(old, fmt.Sprintf("it was written by a newer Gavel (schema %d", now+1)) // 0.1.0 does not read the note
	for _, text := range []string{
		fmt.Sprintf("UPDATE %snotes SET value = '%d %d 0.4.0' WHERE name = 'since'", prefix, now+2, now+1),
		fmt.Sprintf("INSERT INTO %smigrations (version_id, is_applied) VALUES (%d, true)", prefix, now+2),
	} {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	refuses("", fmt.Sprintf("it was written by a newer Gavel (schema %d, this one supports up to %d); it needs Gavel 0.4.0 or newer", now+2, now))
}

// TestCopy copies a database to PostgreSQL and back. Each copy is killed on its way and run again, and what waits is sent once,
// by whoever serves the last one.
func TestCopy(t *testing.T) {
	t.Parallel()
	first := "sqlite:" + filepath.Join(t.TempDir(), "first.db")
	b := setup(t, first, "")
	b.fill("")
	before := b.kept("")
	for step, to := range []string{testkit.NewDatabase(t), "sqlite:" + filepath.Join(t.TempDir(), "last.db")} {
		if r := testkit.Gavel(t, "copy", "--from", b.Database, "--to", to); r.Code != 1 || !strings.Contains(r.Stderr, "stop") {
			t.Errorf("a copy of a database that is served ended with %d: %s", r.Code, r.Stderr)
		}
		if code := b.Stop(); code != 0 {
			t.Fatalf("gavel serve ended with %d", code)
		}
		killed(t, b.Database, to)
		if r := testkit.Gavel(t, "events", "list", "--database", to); r.Code != 1 || !strings.Contains(r.Stderr, `it is being filled by "gavel copy"`) {
			t.Errorf("half a copy can be read: %d %s", r.Code, r.Stderr)
		}
		r := testkit.Gavel(t, "copy", "--from", b.Database, "--to", to)
		if r.Code != 0 || !strings.Contains(r.Stdout, "with the same content, in all 20 tables") {
			t.Fatalf("the copy ended with %d: %s%s", r.Code, r.Stdout, r.Stderr)
		}
		r = testkit.Gavel(t, "serve", "--rules", b.RulesFile, "--database", b.Database, "--signing-secret", "x", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0")
		if r.Code != 1 || !strings.Contains(r.Stderr, `it was moved by "gavel copy" to `) {
			t.Errorf("the source can be served: %d %s", r.Code, r.Stderr)
		}
		b.MoveTo(to)
		if after := b.kept(""); after != before {
			t.Errorf("the copy has other content:\n%s\n%s", before, after)
		}
		b.Restart()
		b.soon("", 4*step, 3, 1)
		before = b.kept("")
	}
}

// killed starts a copy, which has to wait for a lock of a table in PostgreSQL, and
// kills it when it does.
func killed(t *testing.T, from, to string) {
	t.Helper()
	server, mode := from, "ACCESS EXCLUSIVE"
	if strings.HasPrefix(to, "postgres") {
		server, mode = to, "EXCLUSIVE"
		if r := testkit.Gavel(t, "migrate", "--database", to); r.Code != 0 {
			t.Fatalf("gavel migrate ended with %d: %s", r.Code, r.Stderr)
		}
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }() // lets the next copy pass
	if _, err := tx.ExecContext(t.Context(), "LOCK TABLE gavel_told IN "+mode+" MODE"); err != nil {
		t.Fatal(err)
	}
	var screen testkit.Screen
	cmd := exec.Command(testkit.Binary(t), "copy", "--from", from, "--to", to)
	cmd.Stderr = &screen
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the copy of the attempts", func() bool { return strings.Contains(screen.String(), "attempts: ") })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
}
