package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/schedule"
)

const daily = `
rules:
  - name: daily
    schedule: { at: "09:00", zone: Europe/Paris }
    actions: [{ stop: done }]
`

// bench is a store, rules and a clock that several processes share.
type bench struct {
	t     *testing.T
	now   time.Time
	set   *rules.Set
	marks map[string]string
	told  []string // in order
	known map[string]*event.Record
	// dies makes a process end after it has told something; fails the store.
	dies, fails bool
}

func setup(t *testing.T, source, now string) *bench {
	b := &bench{t: t, marks: map[string]string{}, known: map[string]*event.Record{}}
	b.load(source)
	b.at(now)
	return b
}

func (b *bench) load(source string) {
	b.t.Helper()
	set, f := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(source)}}, rules.Options{Kinds: params.Kinds{}})
	if set == nil {
		b.t.Fatal(f)
	}
	b.set = set
}

func (b *bench) at(now string) {
	b.t.Helper()
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		b.t.Fatal(err)
	}
	b.now = at
}

func (b *bench) process() *schedule.Teller {
	return schedule.New(schedule.Options{
		Store: b, Current: func() *rules.Set { return b.set }, Tell: b.tell, Now: func() time.Time { return b.now }, Settle: 5 * time.Second,
	})
}

// tick moves the clock and lets a process look. It returns what was told.
func (b *bench) tick(p *schedule.Teller, now string) string {
	b.t.Helper()
	b.at(now)
	b.told = nil
	if _, err := p.Tick(b.t.Context()); err != nil && !b.dies && !b.fails {
		b.t.Fatal(err)
	}
	return strings.Join(b.told, "; ")
}

var errGone = errors.New("gone")

func (b *bench) tell(_ context.Context, t own.Telling) (bool, error) {
	body, err := t.Body()
	if err != nil {
		return false, err
	}
	ev, err := decode.Event(body)
	if err != nil {
		return false, err
	}
	ev.Arrive(b.now)
	if b.known[ev.Key()] != nil {
		return false, nil
	}
	b.known[ev.Key()] = &event.Record{Event: ev}
	b.told = append(b.told, fmt.Sprintf("%s %s since %s missed %d", ev.Own.Rule, ev.Own.Due.Format("02 15:04"), ev.Own.Since.Format("02 15:04"), ev.Own.Count))
	return true, nil
}

// Mark implements schedule.Store.
func (b *bench) Mark(_ context.Context, name string) (string, error) {
	if b.fails {
		return "", errGone
	}
	return b.marks[name], nil
}

// SetMark implements schedule.Store.
func (b *bench) SetMark(_ context.Context, name, value string) error {
	if b.dies && len(b.told) > 0 || b.fails {
		return errGone
	}
	b.marks[name] = value
	return nil
}

// Event implements schedule.Store.
func (b *bench) Event(_ context.Context, ref string) (*event.Record, error) {
	key, _ := event.ParseRef(ref)
	if r := b.known[key]; r != nil {
		return r, nil
	}
	return nil, event.ErrNotFound
}

func (b *bench) check(got, want string) {
	b.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		b.t.Errorf("told (-want +got):\n%s", diff)
	}
}

// TestOnceOnAllMachines: two processes tell each moment once, from the first one
// after they know of the rule.
func TestOnceOnAllMachines(t *testing.T) {
	t.Parallel()
	b := setup(t, daily, "2026-03-02T09:00:00Z")
	one, two := b.process(), b.process()
	b.check(b.tick(one, "2026-03-02T09:00:00Z"), "")
	b.check(b.tick(two, "2026-03-02T09:00:01Z"), "")
	b.check(b.tick(one, "2026-03-03T07:59:59Z"), "")
	b.check(b.tick(two, "2026-03-03T08:00:00Z"), "daily 03 08:00 since 02 08:00 missed 0")
	b.check(b.tick(one, "2026-03-03T08:00:00Z"), "")
	b.check(b.tick(two, "2026-03-03T20:00:00Z"), "")
	b.check(b.tick(one, "2026-03-04T08:00:03Z"), "daily 04 08:00 since 03 08:00 missed 0")
	// A clock that is put back repeats nothing.
	b.check(b.tick(one, "2026-03-04T07:59:00Z"), "")
	b.check(b.tick(two, "2026-03-04T08:00:00Z"), "")
}

// TestCatchesUpOnce: after a pause of days one run says what was missed, and
// reports on all of it.
func TestCatchesUpOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, daily, "2026-03-02T09:00:00Z")
	b.tick(b.process(), "2026-03-02T09:00:00Z")
	b.check(b.tick(b.process(), "2026-03-03T09:00:00Z"), "daily 03 08:00 since 02 08:00 missed 0")
	b.check(b.tick(b.process(), "2026-03-07T07:00:00Z"), "daily 06 08:00 since 03 08:00 missed 2")
	b.check(b.tick(b.process(), "2026-03-07T09:00:00Z"), "daily 07 08:00 since 06 08:00 missed 0")
}

// TestKilledAfterTelling: a process that ends between telling and marking has
// told it; what comes later does not report on it again.
func TestKilledAfterTelling(t *testing.T) {
	t.Parallel()
	b := setup(t, daily, "2026-03-02T09:00:00Z")
	b.tick(b.process(), "2026-03-02T09:00:00Z")
	b.dies = true
	b.check(b.tick(b.process(), "2026-03-03T08:00:00Z"), "daily 03 08:00 since 02 08:00 missed 0")
	b.dies = false
	b.check(b.tick(b.process(), "2026-03-03T08:01:00Z"), "")
	b.dies = true
	b.check(b.tick(b.process(), "2026-03-04T08:00:00Z"), "daily 04 08:00 since 03 08:00 missed 0")
	b.dies = false
	b.check(b.tick(b.process(), "2026-03-06T08:01:00Z"), "daily 06 08:00 since 04 08:00 missed 1")
}

// TestChangedRules: what was due before a rule, or its schedule, was there is not
// told; nor is what was due while it was turned off.
func TestChangedRules(t *testing.T) {
	t.Parallel()
	b := setup(t, daily, "2026-03-02T09:00:00Z")
	p := b.process()
	b.tick(p, "2026-03-02T09:00:00Z")
	b.check(b.tick(p, "2026-03-03T08:00:00Z"), "daily 03 08:00 since 02 08:00 missed 0")

	b.load(strings.ReplaceAll(daily, "09:00", "07:00"))
	b.check(b.tick(p, "2026-03-03T09:00:00Z"), "")
	b.check(b.tick(p, "2026-03-04T06:00:00Z"), "daily 04 06:00 since 03 08:00 missed 0")

	b.load(strings.ReplaceAll(daily, "name: daily", "name: renamed"))
	b.check(b.tick(p, "2026-03-04T07:00:00Z"), "")
	b.check(b.tick(p, "2026-03-04T08:00:00Z"), "renamed 04 08:00 since 03 08:00 missed 0")

	b.load(strings.ReplaceAll(daily, "name: daily", "name: renamed\n    enabled: false"))
	b.check(b.tick(p, "2026-03-06T08:00:00Z"), "")
	b.load(strings.ReplaceAll(daily, "name: daily", "name: renamed"))
	b.check(b.tick(p, "2026-03-06T09:00:00Z"), "")
	b.check(b.tick(p, "2026-03-07T08:00:00Z"), "renamed 07 08:00 since 04 08:00 missed 0")

	b.load("rules:\n  - { name: other, event: x.y, actions: [{ stop: done }] }\n")
	b.check(b.tick(p, "2026-03-08T08:00:00Z"), "")
	b.load(strings.ReplaceAll(daily, "name: daily", "name: renamed"))
	b.check(b.tick(p, "2026-03-08T09:00:00Z"), "")
	b.check(b.tick(p, "2026-03-09T08:00:00Z"), "renamed 09 08:00 since 07 08:00 missed 0")
}

// TestSkipsWhatItMissed: what was skipped is reported on by the next run.
func TestSkipsWhatItMissed(t *testing.T) {
	t.Parallel()
	b := setup(t, strings.ReplaceAll(daily, "zone", "if_missed: skip, zone"), "2026-03-02T09:00:00Z")
	b.tick(b.process(), "2026-03-02T09:00:00Z")
	b.check(b.tick(b.process(), "2026-03-03T08:04:59Z"), "daily 03 08:00 since 02 08:00 missed 0")
	b.check(b.tick(b.process(), "2026-03-04T08:06:00Z"), "daily 04 08:00 since 03 08:00 missed 0")
	b.check(b.tick(b.process(), "2026-03-05T08:00:00Z"), "daily 05 08:00 since 03 08:00 missed 0")
}

// TestSettles: a rule that collects events waits until they are stored.
func TestSettles(t *testing.T) {
	t.Parallel()
	b := setup(t, strings.ReplaceAll(daily, "    actions", "    collect: { event: x.y }\n    actions"), "2026-03-02T09:00:00Z")
	p := b.process()
	b.tick(p, "2026-03-02T09:00:00Z")
	b.check(b.tick(p, "2026-03-03T08:00:04Z"), "")
	b.check(b.tick(p, "2026-03-03T08:00:05Z"), "daily 03 08:00 since 02 08:00 missed 0")
}

// TestStoreAway: what cannot be read is tried again, and nothing is forgotten.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	b := setup(t, daily, "2026-03-02T09:00:00Z")
	p := b.process()
	b.tick(p, "2026-03-02T09:00:00Z")
	b.fails = true
	b.check(b.tick(p, "2026-03-03T08:00:00Z"), "")
	b.fails = false
	b.check(b.tick(p, "2026-03-03T08:00:01Z"), "daily 03 08:00 since 02 08:00 missed 0")
}
