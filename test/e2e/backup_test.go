package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// copiesIn returns the complete backups in a folder, and what else there is.
func copiesIn(t *testing.T, folder string) (complete, others []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case strings.HasSuffix(name, ".db"), strings.HasSuffix(name, ".db.age"):
			complete = append(complete, filepath.Join(folder, name))
		case strings.HasPrefix(name, ".gavel-scheduled-"):
			others = append(others, name)
		}
	}
	return complete, others
}

// TestRegularBackup is made while events come without a pause. Restored
// elsewhere, it has every event that was acknowledged before it began.
func TestRegularBackup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte(strings.Repeat("5a", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "backups")
	p := testkit.Start(t, testkit.Serve{Args: []string{"--backup-to", folder, "--backup-key-file", key, "--backup-every", "1m"}})
	scheduled := func(id string) []byte { return testkit.Sample(t, event.TypeScheduled, id) }
	testkit.Eventually(t, "a missing folder is told", func() bool { return warns(t, p, "backup", "does not exist; create it, or mount its disk") })
	acknowledged := postMany(p, 100, scheduled)
	p.Stop()
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	p.Restart() // makes a backup at once
	stop := make(chan struct{})
	var posting sync.WaitGroup
	for w := range 2 {
		posting.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := p.Post(scheduled(fmt.Sprintf("meanwhile-%d-%d", w, i))); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var complete []string
	testkit.Eventually(t, "there is a backup", func() bool {
		complete, _ = copiesIn(t, folder)
		return len(complete) == 1
	})
	close(stop)
	posting.Wait()
	if status := testkit.Gavel(t, "status", "--server", p.Console).Stdout; !strings.Contains(status, "backups      the last one ") {
		t.Errorf("the status is\n%s", status)
	}
	if content, err := os.ReadFile(complete[0]); err != nil || strings.Contains(string(content), "SQLite") {
		t.Errorf("it is not encrypted, %v", err)
	}

	elsewhere := "sqlite:" + filepath.Join(dir, "elsewhere.db")
	if r := testkit.Gavel(t, "restore", complete[0], "--database", elsewhere, "--key-file", key, "--yes"); r.Code != 0 {
		t.Fatalf("restore: %s%s", r.Stdout, r.Stderr)
	}
	list := testkit.Gavel(t, "events", "list", "--database", elsewhere, "--limit", "100000").Stdout
	for _, id := range acknowledged {
		if !strings.Contains(list, id) {
			t.Errorf("event %s was answered 200 before the backup and is not in it", id)
		}
	}
	restored := testkit.Start(t, testkit.Serve{Database: elsewhere})
	restored.MustPost(scheduled("afterwards"))
}

// warns reports whether /-/ready has a warning with a text.
func warns(t *testing.T, p *testkit.Process, name, text string) bool {
	t.Helper()
	return strings.Contains(readinessOf(t, p).Warnings[name], text)
}

// TestKilledBackup kills Gavel while it makes a backup. What is left has no
// name, and the next start removes it.
func TestKilledBackup(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	p := testkit.Start(t, testkit.Serve{})
	postMany(p, 400, func(id string) []byte {
		return testkit.Sample(t, event.TypeScheduled, id, "meeting.meetingInfo.meetingName", strings.Repeat("A long name. ", 4000))
	})
	p.Stop()
	p = testkit.Start(t, testkit.Serve{Database: p.Database, Args: []string{"--backup-to", folder}})
	testkit.Eventually(t, "a backup is being made, and Gavel killed", func() bool {
		complete, others := copiesIn(t, folder)
		if len(others) > 0 {
			p.Kill()
			complete, others = copiesIn(t, folder)
			if len(others) > 0 {
				return true
			}
		}
		for _, file := range complete { // it was too quick: again
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
		if len(complete) > 0 {
			p.Kill()
			p.Restart()
		}
		return false
	})
	if complete, _ := copiesIn(t, folder); len(complete) > 0 {
		t.Errorf("half a backup has a name: %v", complete)
	}
	p.Restart()
	testkit.Eventually(t, "another one is made, and the rest removed", func() bool {
		complete, others := copiesIn(t, folder)
		return len(complete) == 1 && len(others) == 0
	})
	complete, _ := copiesIn(t, folder)
	if r := testkit.Gavel(t, "restore", complete[0], "--dry-run"); r.Code != 0 || !strings.Contains(r.Stdout, ": 400 events, checked") {
		t.Errorf("%s%s", r.Stdout, r.Stderr)
	}
}

// TestBackupOnFullDisk: the disk is too small for a backup beside the database.
// Nothing is begun, somebody is told, and events are stored.
func TestBackupOnFullDisk(t *testing.T) {
	t.Parallel()
	dir := testkit.SmallDisk(t, 40)
	p := testkit.Start(t, testkit.Serve{Database: "sqlite:" + filepath.Join(dir, "gavel.db")})
	postMany(p, 150, func(id string) []byte {
		return testkit.Sample(t, event.TypeScheduled, id, "meeting.meetingInfo.meetingName", strings.Repeat("A long name. ", 4000))
	})
	p.Stop()
	if err := os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 27<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "backups")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	p = testkit.Start(t, testkit.Serve{Database: p.Database, Args: []string{"--backup-to", folder}})
	testkit.Eventually(t, "the small disk is told", func() bool { return warns(t, p, "backup", "make room, or name another folder") })
	for i := range 20 {
		p.MustPost(testkit.Sample(t, event.TypeScheduled, fmt.Sprint("meanwhile-", i)))
	}
	if complete, others := copiesIn(t, folder); len(complete)+len(others) > 0 {
		t.Errorf("%v and %v are left", complete, others)
	}
	if got := metricOf(t, p, "gavel_backup_failures_total"); got == "" || got == "0" {
		t.Errorf("%q failures are counted", got)
	}
}

// TestPgDump restores PostgreSQL as docs/backup.md says, paused before anything
// goes out.
func TestPgDump(t *testing.T) {
	t.Parallel()
	from, to := testkit.NewDatabase(t), testkit.NewDatabase(t)
	dump := filepath.Join(t.TempDir(), "gavel.dump")
	g := newTarget(t)
	p := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "tell"), Database: from})
	ids := postMany(p, 20, func(id string) []byte { return testkit.Sample(t, event.TypeScheduled, id) })
	client := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(postgresTool(t, name), args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	client("pg_dump", "--format=custom", "--file="+dump, from)
	client("pg_restore", "--no-owner", "--exit-on-error", "--dbname="+to, dump)
	if r := testkit.Gavel(t, "pause", "--all", "--reason", "restored", "--database", to); r.Code != 0 {
		t.Fatalf("%s%s", r.Stdout, r.Stderr)
	}
	restored := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "tell"), Database: to})
	restored.MustPost(testkit.Sample(t, event.TypeScheduled, "afterwards"))
	list := testkit.Gavel(t, "events", "list", "--database", to, "--limit", "100").Stdout
	for _, id := range append(ids, "afterwards") {
		if !strings.Contains(list, id) {
			t.Errorf("event %s is missing", id)
		}
	}
	if size := metricOf(t, restored, "gavel_database_bytes"); size == "" || size == "0" {
		t.Errorf("the size is %q", size)
	}
	if free := metricOf(t, restored, "gavel_disk_free_bytes"); free != "" {
		t.Errorf("the server's disk has %q", free)
	}
	if _, sent := g.byEvent()["afterwards"]; sent {
		t.Error("something went out although everything is paused")
	}
}

// postgresTool returns a program of PostgreSQL's client package.
func postgresTool(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name) // the pattern is valid
	if len(found) == 0 {
		testkit.Lack(t, "%s is not installed", name)
	}
	return found[len(found)-1]
}

// metricOf returns the value of a metric without labels.
func metricOf(t *testing.T, p *testkit.Process, name string) string {
	t.Helper()
	res, err := p.Client.Get(p.Console + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("metrics: %d", res.StatusCode)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
