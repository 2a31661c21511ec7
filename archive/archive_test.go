package archive_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/archive"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/sqlite/sqlitetest"
)

// rig is a database with events of three days and an empty archive.
type rig struct {
	*testing.T
	*sqlite.Store
	path string
	dir  *archive.Dir
}

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

// eachDay is how many events came on each day.
const eachDay = 20

func setup(t *testing.T) *rig {
	t.Helper()
	r := &rig{T: t, Store: open(t), path: filepath.Join(t.TempDir(), "archive")}
	var err error
	if r.dir, err = archive.Create(r.path); err != nil {
		t.Fatal(err)
	}
	for i := range 3 * eachDay {
		r.accept(fmt.Sprintf("e%03d", i), noon().Truncate(24*time.Hour).Add(time.Duration(i)*24*time.Hour/eachDay))
	}
	return r
}

func open(t *testing.T) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlitetest.File(t), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// accept stores an event with one run that has ended.
func (r *rig) accept(id string, received time.Time) {
	r.Helper()
	body, err := sample.Body(event.TypeScheduled, id, received)
	if err != nil {
		r.Fatal(err)
	}
	ev, err := decode.Event(body)
	if err != nil {
		r.Fatal(err)
	}
	ev.Received = received
	run := event.Run{
		ID: "run-" + id, Rule: "rule", Revision: "r1", Status: event.StatusSucceeded,
		Created: received, Finished: received, Results: map[string]json.RawMessage{"crm": []byte(`{"secret":1}`)},
	}
	if _, err := r.Accept(r.Context(), event.Acceptance{Event: ev, Revision: "r1", Now: received, Runs: []event.PlannedRun{{Run: run}}}); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) Run(ctx context.Context, id string) (*event.Run, error) { return r.Store.Run(ctx, id) }

// history reads archive and database together.
func (r *rig) history(since, until time.Time) (ids []string, archived int) {
	r.Helper()
	err := r.dir.Each(r.Context(), r.Store, since, until, func(rec *event.Record, line *event.Line) error {
		ids = append(ids, rec.Event.ID)
		if line != nil {
			archived++
			if len(line.RunList) != 1 || line.RunList[0].Results != nil {
				r.Errorf("event %s has the runs %+v", rec.Event.ID, line.RunList)
			}
		}
		return nil
	})
	if err != nil {
		r.Fatal(err)
	}
	return ids, archived
}

func numbered(from, to int) []string {
	var ids []string
	for i := from; i < to; i++ {
		ids = append(ids, fmt.Sprintf("e%03d", i))
	}
	return ids
}

// finished returns the ids in the finished files, as other programs read them.
func (r *rig) finished() []string {
	r.Helper()
	var ids []string
	for _, path := range r.names("*.ndjson.gz") {
		file, err := os.Open(filepath.Join(r.path, path))
		if err != nil {
			r.Fatal(err)
		}
		defer file.Close()
		gz, err := gzip.NewReader(file)
		if err != nil {
			r.Fatal(err)
		}
		text, err := io.ReadAll(gz)
		if err != nil {
			r.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var v struct {
				ID string `json:"event_id"`
			}
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				r.Fatal(err)
			}
			ids = append(ids, v.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func (r *rig) names(pattern string) []string {
	r.Helper()
	paths, err := filepath.Glob(filepath.Join(r.path, pattern))
	if err != nil {
		r.Fatal(err)
	}
	for i, p := range paths {
		paths[i] = filepath.Base(p)
	}
	return paths
}

func (r *rig) same(what string, got, want any) {
	r.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		r.Errorf("%s: (-want +got)\n%s", what, diff)
	}
}

func TestMove(t *testing.T) {
	t.Parallel()
	r := setup(t)
	moved, err := r.dir.Move(t.Context(), r.Store, noon().AddDate(0, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	r.same("moved", moved, archive.Moved{Events: 30, Files: 2})
	ids, archived := r.history(time.Time{}, time.Time{})
	r.same("all", ids, numbered(0, 60))
	r.same("archived", archived, 30)
	ids, _ = r.history(noon(), noon().AddDate(0, 0, 2))
	r.same("a part", ids, numbered(10, 50))

	// A second move adds files, also for a day that has one.
	if moved, err = r.dir.Move(t.Context(), r.Store, noon().AddDate(0, 0, 9)); err != nil {
		t.Fatal(err)
	}
	r.same("moved", moved, archive.Moved{Events: 30, Files: 2})
	ids, archived = r.history(time.Time{}, time.Time{})
	r.same("all", ids, numbered(0, 60))
	r.same("archived", archived, 60)
	r.same("in the files", r.finished(), numbered(0, 60))
	for _, name := range r.names("2*") {
		if !strings.HasPrefix(name, "2026-05-0") {
			t.Errorf("a file is called %q", name)
		}
	}
}

// failing stops a move at one of its calls, as a crash does.
type failing struct {
	archive.Source
	left int
	// done says that the call that fails has been carried out.
	done bool
}

var errCrash = errors.New("crash")

func (f *failing) crash() bool { f.left--; return f.left < 0 }

func (f *failing) Prunable(ctx context.Context, before time.Time, behind event.Place, limit int) ([]*event.Record, error) {
	if f.crash() {
		return nil, errCrash
	}
	return f.Source.Prunable(ctx, before, behind, limit)
}

func (f *failing) PruneEvents(ctx context.Context, refs []event.Ref) (int, error) {
	if f.crash() {
		if f.done {
			_, err := f.Source.PruneEvents(ctx, refs[:len(refs)/2])
			return 0, errors.Join(err, errCrash)
		}
		return 0, errCrash
	}
	return f.Source.PruneEvents(ctx, refs)
}

// TestMoveIsCutOff stops a move at each of its steps. Nothing is missing or
// there twice, neither at once nor after the next move.
func TestMoveIsCutOff(t *testing.T) {
	t.Parallel()
	for step := range 5 {
		for _, half := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d-%v", step, half), func(t *testing.T) {
				t.Parallel()
				r := setup(t)
				if _, err := r.dir.Move(t.Context(), &failing{Source: r.Store, left: step, done: half}, noon().AddDate(0, 0, 9)); err != nil && !errors.Is(err, errCrash) {
					t.Fatal(err)
				}
				// What kill -9 leaves of a file being written.
				if err := os.WriteFile(filepath.Join(r.path, "2026-05-04.x.ndjson.gz.tmp"), []byte("half"), 0o600); err != nil {
					t.Fatal(err)
				}
				ids, _ := r.history(time.Time{}, time.Time{})
				r.same("at once", ids, numbered(0, 60))
				if _, err := r.dir.Move(t.Context(), r.Store, noon().AddDate(0, 0, 9)); err != nil {
					t.Fatal(err)
				}
				ids, archived := r.history(time.Time{}, time.Time{})
				r.same("after the next move", ids, numbered(0, 60))
				r.same("archived", archived, 60)
				r.same("in the files", r.finished(), numbered(0, 60))
				r.same("left over", append(r.names("*.tmp"), r.names("*.pending")...), []string(nil))
			})
		}
	}
}

// TestPendingOfAnotherDatabase deletes nothing of this one.
func TestPendingOfAnotherDatabase(t *testing.T) {
	t.Parallel()
	r := setup(t)
	if _, err := r.dir.Move(t.Context(), &failing{Source: r.Store, left: 1}, noon().AddDate(0, 0, 9)); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	r.same("pending", len(r.names("*.pending")), 1)
	other := &rig{T: t, Store: open(t), path: r.path, dir: r.dir}
	other.accept("another", noon())
	if _, err := r.dir.Move(t.Context(), other.Store, noon().AddDate(-1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Event(t.Context(), "another"); err != nil {
		t.Error(err)
	}
}

// TestTwoCopies counts an event once that two machines have archived.
func TestTwoCopies(t *testing.T) {
	t.Parallel()
	r := setup(t)
	if _, err := r.dir.Move(t.Context(), r.Store, noon().AddDate(0, 0, 9)); err != nil {
		t.Fatal(err)
	}
	for _, name := range r.names("2026-05-05*") {
		text, err := os.ReadFile(filepath.Join(r.path, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(r.path, "2026-05-05.copy.ndjson.gz"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ids, _ := r.history(time.Time{}, time.Time{})
	r.same("all", ids, numbered(0, 60))
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	r := setup(t)
	if _, err := r.dir.Move(t.Context(), r.Store, noon().AddDate(0, 0, 9)); err != nil {
		t.Fatal(err)
	}
	before := r.names("2*")
	seen := 0
	for _, dry := range []bool{true, false} {
		err := r.dir.Rewrite(t.Context(), dry, func(l *event.Line) (bool, error) {
			if l.ID != "e027" {
				return false, nil
			}
			seen++
			l.Body = []byte(`{"gone":true}`)
			return true, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	r.same("offered", seen, 3) // once dry, once to see and once to write
	r.same("names", r.names("2*"), before)
	found := false
	err := r.dir.Each(t.Context(), r.Store, time.Time{}, time.Time{}, func(rec *event.Record, _ *event.Line) error {
		found = found || string(rec.Event.Body) == `{"gone":true}`
		return nil
	})
	if err != nil || !found {
		t.Errorf("changed: %v, %v", found, err)
	}
	r.same("in the files", r.finished(), numbered(0, 60))
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	check := func(name, want string, spoil func(r *rig, path string) error) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t)
			if _, err := r.dir.Move(t.Context(), r.Store, noon().AddDate(0, 0, 1)); err != nil {
				t.Fatal(err)
			}
			if err := spoil(r, filepath.Join(r.path, r.names("2026-05-04*")[0])); err != nil {
				t.Fatal(err)
			}
			err := r.dir.Each(t.Context(), r.Store, time.Time{}, time.Time{}, func(*event.Record, *event.Line) error { return nil })
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the error is %v, want %q", err, want)
			}
		})
	}
	check("cut off", "is damaged at line", func(_ *rig, path string) error { return os.Truncate(path, 300) })
	check("no gzip", `.ndjson.gz": gzip: invalid header`, func(_ *rig, path string) error { return os.WriteFile(path, []byte("plain text, and long"), 0o600) })
	check("out of order", "is out of order", func(_ *rig, path string) error {
		text, err := os.ReadFile(path)
		return errors.Join(err, os.WriteFile(path, append(text, text...), 0o600))
	})
	if _, err := archive.Open(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing archive was opened")
	}
}

// TestGrew notices that events moved while they were read.
func TestGrew(t *testing.T) {
	t.Parallel()
	r := setup(t)
	moved := false
	err := r.dir.Each(t.Context(), r.Store, time.Time{}, time.Time{}, func(*event.Record, *event.Line) error {
		if moved {
			return nil
		}
		moved = true
		_, err := r.dir.Move(t.Context(), r.Store, noon())
		return err
	})
	if !errors.Is(err, archive.ErrGrew) {
		t.Errorf("the error is %v", err)
	}
}

func TestOneAtATime(t *testing.T) {
	t.Parallel()
	r := setup(t)
	unlock, err := r.dir.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.dir.Move(t.Context(), r.Store, noon()); !errors.Is(err, archive.ErrBusy) {
		t.Errorf("the error is %v", err)
	}
	unlock()
	if _, err := r.dir.Move(t.Context(), r.Store, noon()); err != nil {
		t.Error(err)
	}
}
