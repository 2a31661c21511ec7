package e2e

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

// TestDiskFull fills the disk: events are refused with 503, none of those
// answered 200 is lost, and when there is space again work continues.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := testkit.SmallDisk(t, 12)
	ballast := filepath.Join(dir, "ballast")
	g := newTarget(t)
	database := "sqlite:" + filepath.Join(dir, "gavel.db")
	p := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "tell"), Database: database})
	p.MustPost(testkit.Sample(t, event.TypeCanceled, "first"))
	if err := os.WriteFile(ballast, make([]byte, 9<<20), 0o600); err != nil {
		t.Fatal(err)
	}

	var accepted []string
	full := false
	for i := 0; i < 20000 && !full; i++ {
		id := fmt.Sprintf("event-%05d", i)
		a, err := p.Post(testkit.Sample(t, event.TypeScheduled, id))
		switch {
		case err != nil:
			t.Fatal(err)
		case a.Code == http.StatusOK:
			accepted = append(accepted, id)
		case a.Code == http.StatusServiceUnavailable && a.Header.Get("Retry-After") != "":
			full = true
		default:
			t.Fatalf("event %s: %d %s", id, a.Code, a.Body)
		}
	}
	if !full {
		t.Fatalf("the disk took %d events and did not get full", len(accepted))
	}
	notReady(t, p, "store", "disk is full")
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "events are taken again", func() bool {
		a, err := p.Post(testkit.Sample(t, event.TypeCanceled, "afterwards"))
		return err == nil && a.Code == http.StatusOK
	})
	testkit.Eventually(t, "it is ready again", p.Ready)
	testkit.Eventually(t, "actions go on", func() bool { return len(g.byEvent()["afterwards"]) > 0 })
	list := testkit.Gavel(t, "events", "list", "--database", database, "--limit", "100000")
	for _, id := range accepted {
		if !strings.Contains(list.Stdout, id) {
			t.Errorf("event %s was answered 200 and is not stored", id)
		}
	}
}

// TestDatabaseFilesThatAreRefused starts on files that are no database of
// Gavel's.
func TestDatabaseFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(rules, []byte(tellTarget("http://127.0.0.1:1", "tell")), 0o600); err != nil {
		t.Fatal(err)
	}
	check := func(name, want string, prepare func(path string) error) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "gavel.db")
			if err := prepare(path); err != nil {
				t.Fatal(err)
			}
			r := testkit.Gavel(t, "serve", "--rules", rules, "--database", "sqlite:"+path, "--signing-secret", "s", "--start-timeout", "0", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0")
			if r.Code == 0 || !strings.Contains(r.Stderr, want) || !strings.Contains(r.Stderr, path) {
				t.Errorf("exit %d, said %q; want %q and the path", r.Code, r.Stderr, want)
			}
		})
	}
	check("text", "not", func(path string) error {
		return os.WriteFile(path, []byte(strings.Repeat("this is no database\n", 500)), 0o600)
	})
	check("a folder", "", func(path string) error { return os.Mkdir(path, 0o750) })
	check("no such folder", "", func(path string) error { return os.Remove(filepath.Dir(path)) })
}
