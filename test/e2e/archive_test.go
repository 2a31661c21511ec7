package e2e

import (
	"compress/gzip"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// archived counts the events in the files of an archive that have their name,
// as other programs read them.
func archived(t *testing.T, dir string) map[string]int {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.ndjson.gz"))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		gz, err := gzip.NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(gz)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var v struct {
				ID string `json:"event_id"`
			}
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			counts[v.ID]++
		}
	}
	return counts
}

// postMany posts n events at once and returns their ids.
func postMany(p *testkit.Process, n int, body func(id string) []byte) []string {
	ids := make([]string, n)
	var posting sync.WaitGroup
	for i := range ids {
		ids[i] = fmt.Sprintf("event-%04d", i)
	}
	const senders = 8
	for sender := range senders {
		posting.Go(func() {
			for i := sender; i < n; i += senders {
				p.MustPost(body(ids[i]))
			}
		})
	}
	posting.Wait()
	return ids
}

// eventsRead is how many events a back-test over database and archive meets.
func eventsRead(t *testing.T, p *testkit.Process, dir string) int {
	t.Helper()
	var report struct{ Events int }
	ask(t, p, &report, "backtest", "--rules", p.RulesFile, "--archive", dir)
	return report.Events
}

func get(t *testing.T, p *testkit.Process, path string) string {
	t.Helper()
	res, err := p.Client.Get(p.Console + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", path, res.Status, err)
	}
	return string(text)
}

// TestArchiveSurvivesKill kills the process again and again while it archives.
// No event is lost, none is there twice.
func TestArchiveSurvivesKill(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		dir := filepath.Join(t.TempDir(), "archive")
		filling := testkit.Start(t, testkit.Serve{Database: database})
		ids := postMany(filling, 800, func(id string) []byte { return testkit.Sample(t, event.TypeScheduled, id) })
		if code := filling.Stop(); code != 0 {
			t.Fatalf("stop: %d", code)
		}

		p := testkit.Start(t, testkit.Serve{Database: database, Args: []string{"--keep", "1ms", "--archive", dir}})
		for range 5 {
			p.Kill()
			if n := eventsRead(t, p, dir); n != len(ids) {
				t.Errorf("after kill -9, %d events are read, want %d", n, len(ids))
			}
			p.Restart()
		}
		testkit.Eventually(t, "everything is archived", func() bool { return len(archived(t, dir)) == len(ids) && len(listEvents(t, p)) == 0 })
		counts := archived(t, dir)
		for _, id := range ids {
			if counts[id] != 1 {
				t.Errorf("event %s is in the archive %d times", id, counts[id])
			}
		}
		if n := eventsRead(t, p, dir); n != len(ids) {
			t.Errorf("%d events are read, want %d", n, len(ids))
		}
	})
}

// TestArchiveOnAFullDisk removes nothing from the database as long as it
// cannot be archived, and says so.
func TestArchiveOnAFullDisk(t *testing.T) {
	t.Parallel()
	dir := testkit.SmallDisk(t, 2)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1900<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	filling := testkit.Start(t, testkit.Serve{})
	ids := postMany(filling, 60, func(id string) []byte {
		noise := make([]byte, 12<<10) // does not compress
		_, _ = rand.Read(noise)
		return testkit.Sample(t, event.TypeScheduled, id, "meeting.meetingInfo.meetingName", base64.StdEncoding.EncodeToString(noise))
	})
	if code := filling.Stop(); code != 0 {
		t.Fatalf("stop: %d", code)
	}

	p := testkit.Start(t, testkit.Serve{Database: filling.Database, Args: []string{"--keep", "1ms", "--archive", dir}})
	testkit.Eventually(t, "the full disk is told of", func() bool { return strings.Contains(get(t, p, "/-/ready"), "no space left on device") })
	if ready := get(t, p, "/-/ready"); !strings.Contains(ready, `"archive":"Cannot archive old events; they stay in the database:`) || !strings.Contains(ready, `"ready":true`) {
		t.Errorf("the probe says %s", ready)
	}
	if metrics := get(t, p, "/metrics"); !strings.Contains(metrics, "gavel_archive_up 0") {
		t.Error("gavel_archive_up is not 0")
	}
	if page := get(t, p, "/"); !strings.Contains(page, "Cannot archive old events") {
		t.Error("the overview says nothing")
	}
	if n := strings.Count(p.Log(), "cannot archive old events"); n != 1 {
		t.Errorf("the log tells of it %d times", n)
	}
	if n := len(listEvents(t, p)); n != len(ids) {
		t.Errorf("%d events are left in the database, want %d", n, len(ids))
	}
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "meanwhile"))
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if code := p.Stop(); code != 0 {
		t.Fatalf("stop: %d", code)
	}
	p.Restart()
	testkit.Eventually(t, "everything is archived", func() bool { return len(archived(t, dir)) == len(ids)+1 && len(listEvents(t, p)) == 0 })
	if ready := get(t, p, "/-/ready"); !strings.Contains(ready, `"warnings":{}`) {
		t.Errorf("the probe says %s", ready)
	}
}
