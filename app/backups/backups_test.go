package backups_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/gavel-rules/gavel/app/backups"
	"github.com/gavel-rules/gavel/app/metrics"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/vault/copies"
)

// rig makes backups every six hours and keeps two. In the bubble it is
// 2000-01-01.
type rig struct {
	*backups.Backups
	folder string
	log    bytes.Buffer
	stop   func()

	mu   sync.Mutex
	made []string
	err  error
}

// start begins as a process of its own.
func start(t *testing.T, folder string) *rig {
	t.Helper()
	r := &rig{folder: folder}
	f := &copies.Folder{Path: folder, Name: "gavel"}
	var err error
	r.Backups, err = backups.New(backups.Options{
		Folder: f, Every: 6 * time.Hour, Keep: 2, Now: time.Now, Log: slog.New(slog.NewTextHandler(&r.log, nil)),
		Make: func(context.Context, *copies.Keys) (copies.Copy, event.Counts, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			at := time.Now()
			r.made = append(r.made, at.UTC().Format("02 15:04"))
			if r.err != nil {
				return copies.Copy{}, event.Counts{}, r.err
			}
			c := copies.Copy{Path: f.Next(at, false), Time: at, Bytes: 7}
			return c, event.Counts{}, os.WriteFile(c.Path, []byte("content"), 0o600)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		r.Run(ctx)
	}()
	r.stop = func() { cancel(); <-over }
	synctest.Wait()
	return r
}

func (r *rig) check(t *testing.T, what, want string) {
	t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := strings.Join(r.made, ", "); got != want {
		t.Errorf("%s: backups at %q, want %q", what, got, want)
	}
	r.made = nil
}

func (r *rig) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// TestRhythm: the first backup comes at once, the others at their time, also
// after a restart, and the newest are kept.
func TestRhythm(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, folder)
		r.check(t, "at once", "01 00:00")
		time.Sleep(14 * time.Hour)
		r.check(t, "after two intervals", "01 06:00, 01 12:00")
		r.stop()
		time.Sleep(2 * time.Hour)
		r = start(t, folder)
		r.check(t, "after a restart", "")
		time.Sleep(2*time.Hour + time.Second)
		r.check(t, "on time all the same", "01 18:00")
		r.stop()
		time.Sleep(48 * time.Hour)
		r = start(t, folder)
		defer r.stop()
		r.check(t, "after two days", "03 18:00")
		if s := r.State(); s.Kept != 2 || s.Bytes != 7 || s.Failures != 0 || !s.Last.Equal(time.Date(2000, 1, 3, 18, 0, 1, 0, time.UTC)) {
			t.Errorf("%+v", s)
		}
		left, err := filepath.Glob(filepath.Join(folder, "*.db"))
		if err != nil || len(left) != 2 {
			t.Errorf("%v, %v", left, err)
		}
	})
}

// TestFailures are retried, told once each, and delete nothing.
func TestFailures(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, folder)
		defer r.stop()
		m := metrics.New("test")
		r.Register(m)
		r.check(t, "at once", "01 00:00")
		r.fail(errors.New("the disk is full"))
		time.Sleep(6*time.Hour + 15*time.Minute)
		r.check(t, "retried", "01 06:00, 01 06:10")
		if got := r.Warning(); got != "Cannot make a backup: the disk is full. The last backup is of 2000-01-01 00:00 UTC (7 B)." {
			t.Errorf("the warning is %q", got)
		}
		if n := strings.Count(r.log.String(), "backup failed"); n != 2 {
			t.Errorf("logged %d times", n)
		}
		want := "# HELP gavel_backup_failures_total Backups that failed.\n# TYPE gavel_backup_failures_total counter\ngavel_backup_failures_total 2\n"
		if err := testutil.GatherAndCompare(m, strings.NewReader(want), "gavel_backup_failures_total"); err != nil {
			t.Error(err)
		}
		r.fail(nil)
		time.Sleep(10 * time.Minute)
		r.check(t, "at last", "01 06:20")
		if r.Warning() != "" {
			t.Errorf("afterwards: %q", r.Warning())
		}
	})
}

// TestFolderOfAnother is told at once, and used when it is free.
func TestFolderOfAnother(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		first := start(t, folder)
		second := start(t, folder)
		defer second.stop()
		second.check(t, "beside another", "")
		if !strings.Contains(second.Warning(), "give each Gavel a folder of its own") {
			t.Errorf("the warning is %q", second.Warning())
		}
		first.stop()
		time.Sleep(10 * time.Minute)
		second.check(t, "the other one has just made one", "")
		if second.Warning() != "" {
			t.Errorf("the warning is %q", second.Warning())
		}
		time.Sleep(6 * time.Hour)
		second.check(t, "on time", "01 06:00")
	})
}

// TestMissingFolder: Gavel starts, and says what is missing.
func TestMissingFolder(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "not mounted")
	synctest.Test(t, func(t *testing.T) {
		r := start(t, folder)
		defer r.stop()
		if w := r.Warning(); !strings.Contains(w, "does not exist; create it, or mount its disk") || !strings.Contains(w, "There is no backup") {
			t.Errorf("the warning is %q", w)
		}
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		r.check(t, "when it is there", "01 00:10")
	})
}

func TestKeyMustBeReadable(t *testing.T) {
	t.Parallel()
	_, err := backups.New(backups.Options{Folder: &copies.Folder{}, KeyFile: filepath.Join(t.TempDir(), "none"), Now: time.Now})
	if err == nil || !strings.Contains(err.Error(), "backup key") {
		t.Errorf("%v", err)
	}
	var none *backups.Backups
	none.Register(nil)
	if none.State() != nil || none.Warning() != "" {
		t.Error("no backups, but something to say: " + fmt.Sprint(none.State()))
	}
}
