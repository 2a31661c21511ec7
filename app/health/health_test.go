package health

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/engine/vitals"
)

// TestReadyAnswersWhileTheStoreHangs has a store that stops to answer, fails
// at last, and comes back, on a virtual clock.
func TestReadyAnswersWhileTheStoreHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan error)
		var hangs atomic.Bool
		var writes atomic.Int32
		h := New(Options{
			Write: func(context.Context) error {
				writes.Add(1)
				if hangs.Load() {
					return <-answer
				}
				return nil
			},
			Loaded: func() bool { return true }, Workers: func() string { return "" }, Leaving: func() bool { return false },
			Now: time.Now, Spawn: func(f func()) { go f() },
		})
		check := func(want string) {
			t.Helper()
			began := time.Now()
			if got := h.Ready(t.Context())["store"]; got != want {
				t.Errorf("store: %q, want %q", got, want)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("the answer took %s", took)
			}
		}
		check("")
		check("")
		if n := writes.Load(); n != 1 {
			t.Errorf("%d writes for two questions", n)
		}
		time.Sleep(probeEach)
		hangs.Store(true)
		check("") // it may be slow only
		time.Sleep(5 * time.Second)
		check("the database has not answered for 6s")
		time.Sleep(time.Minute)
		check("the database has not answered for 1m7s")
		if n := writes.Load(); n != 2 {
			t.Errorf("%d writes were begun behind one that hangs", n-2)
		}
		answer <- errors.New("the disk is full")
		synctest.Wait()
		check("the disk is full")
		hangs.Store(false)
		time.Sleep(probeSoon)
		check("")
	})
}

func TestWarnsOfRunsInTrouble(t *testing.T) {
	t.Parallel()
	none := func() string { return "" }
	h := New(Options{Clock: none, Archive: none, Drifts: NewDrifts(slog.New(slog.DiscardHandler), time.Now), Footing: NewFooting(nil, nil), Troubles: func() vitals.Troubles {
		return vitals.Troubles{Refused: 2, RefusedBecause: "a row is broken", Unrecorded: 1, Stuck: 3, StuckBecause: "rules are gone"}
	}})
	warnings := h.Warnings()
	for name, parts := range map[string][]string{
		"unrecorded": {"2 times", "a row is broken", "1 run is still shown"}, "stuck": {"3 runs cannot start", "rules are gone"},
	} {
		for _, part := range parts {
			if !strings.Contains(warnings[name], part) {
				t.Errorf("%s: %q, want %q", name, warnings[name], part)
			}
		}
	}
	h.Troubles = func() vitals.Troubles { return vitals.Troubles{} }
	if warnings := h.Warnings(); len(warnings) > 0 {
		t.Errorf("without trouble: %v", warnings)
	}
}

func TestReadyNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	h := New(Options{
		Loaded: func() bool { return false }, Workers: func() string { return "all 64 workers have been stuck for 7m0s" },
		Now: time.Now, Leaving: func() bool { return false },
	})
	checks := h.Ready(t.Context())
	if checks["rules"] != "no rules are loaded" || checks["workers"] == "" || checks["store"] != "" {
		t.Errorf("%v", checks)
	}
}

// TestDeadlockIsNotTheDatabase: a restart does not help while the database does
// not answer.
func TestDeadlockIsNotTheDatabase(t *testing.T) {
	t.Parallel()
	check := func(stuck string, store error, want string) {
		t.Helper()
		h := New(Options{
			Write: func(context.Context) error { return store }, Stuck: func() string { return stuck },
			Now: time.Now, Spawn: func(f func()) { go f() },
		})
		if got := h.Deadlock(t.Context()); got != want {
			t.Errorf("engine %q, store %v: %q, want %q", stuck, store, got, want)
		}
	}
	check("", nil, "")
	check("no turn", nil, "no turn")
	check("no turn", errors.New("connection refused"), "")
}
