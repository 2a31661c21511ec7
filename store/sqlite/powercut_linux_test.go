package sqlite_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store/sqlite"
)

var (
	cuts    = flag.Int("powercut.cuts", 60, "how many power cuts are tried")
	cutSeed = flag.Uint64("powercut.seed", 0, "which cuts; 0 takes one by the clock")
)

// loadVariable names the folder in which this program, started again under
// strace, stores events.
const loadVariable = "GAVEL_TEST_POWERCUT"

// plainVariable lets SQLite write its log by itself.
const plainVariable = "GAVEL_TEST_PLAIN_LOG"

// TestPowerCutLoad is no test of its own: it is the load whose writes
// TestPowerCut records.
func TestPowerCutLoad(t *testing.T) {
	dir := os.Getenv(loadVariable)
	if dir == "" {
		return
	}
	for _, part := range []string{"first", "second"} { // with a checkpoint and a new log between
		s, err := sqlite.Open(t.Context(), filepath.Join(dir, "gavel.db"), sqlite.Options{
			Exclusive: true, LogPages: 50, PlainLog: os.Getenv(plainVariable) != "",
		})
		if err != nil {
			t.Fatal(err)
		}
		var senders sync.WaitGroup
		for sender := range 6 {
			senders.Go(func() {
				for i := range 8 {
					id := fmt.Sprintf("%s-%d-%d", part, sender, i)
					if _, err := s.Accept(t.Context(), acceptance(t, id, 1400)); err != nil {
						t.Error(err)
					}
					// One write to the system: its place among the others counts.
					_, _ = fmt.Fprintf(os.Stdout, "answered %s\n", id)
				}
			})
		}
		senders.Go(func() { work(t, s) })
		senders.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// work carries out runs beside the senders.
func work(t *testing.T, s *sqlite.Store) {
	for range 10 {
		runs, err := s.Claim(t.Context(), "me", time.Now(), time.Now().Add(time.Minute), 5)
		if err != nil {
			t.Error(err)
		}
		for _, r := range runs {
			r.Status = event.StatusSucceeded
			if err := s.Record(t.Context(), event.Progress{Run: r, Owner: "me"}); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestPowerCut builds the files as a power cut could have left them: what was
// synced is there; of later writes any may be missing, torn or out of order. The
// database opens each time, and has every event that was answered by then. Were
// nothing synced, the same check would fail.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	for name, plain := range map[string]string{"gathered": "", "plain": "yes"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			powerCuts(t, plain)
		})
	}
}

func powerCuts(t *testing.T, plain string) {
	t.Helper()
	seed := *cutSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) //nolint:gosec // any will do
	}
	t.Logf("-powercut.seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	recorded := record(t, plain)
	for range (*cuts + 1) / 2 {
		at := random.IntN(len(recorded) + 1)
		if missing := cut(t, recorded[:at], random, true); missing != "" {
			t.Fatalf("cut after %d of %d operations: %s", at, len(recorded), missing)
		}
	}
	for range 10 {
		if cut(t, recorded[:len(recorded)*3/4], random, false) != "" {
			return
		}
	}
	t.Error("ten cuts without a sync lost nothing")
}

// record runs the load, and returns what it did to its files.
func record(t *testing.T, plain string) []operation {
	t.Helper()
	dir, trace := t.TempDir(), filepath.Join(t.TempDir(), "trace")
	load := exec.CommandContext(t.Context(), testkit.Strace(t), "-f", "-y", "-xx", "-s", "600000", "-o", trace, "--signal=none", "--seccomp-bpf",
		"-e", "trace=open,openat,pwrite64,write,ftruncate,fsync,fdatasync,unlink,unlinkat",
		os.Args[0], "-test.run=^TestPowerCutLoad$", "-test.count=1")
	load.Env = append(os.Environ(), loadVariable+"="+dir, plainVariable+"="+plain)
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	return operations(t, string(text), dir)
}

// cut builds the files, opens the database, and says what is missing.
func cut(t *testing.T, done []operation, random *rand.Rand, syncs bool) (missing string) {
	t.Helper()
	dir := t.TempDir()
	defer os.RemoveAll(dir)
	answered := build(t, dir, done, random, syncs)
	s, err := sqlite.Open(t.Context(), filepath.Join(dir, "gavel.db"), sqlite.Options{Exclusive: true})
	if err != nil {
		return err.Error()
	}
	defer s.Close() //nolint:errcheck // its files are thrown away
	for _, id := range answered {
		if _, err := s.Event(t.Context(), id); err != nil {
			return err.Error()
		}
	}
	return ""
}
