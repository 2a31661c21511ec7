package facts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report"
)

var start = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

// shelf is a store in memory.
type shelf struct {
	events   []*event.Record
	blocks   map[int64]event.Facts
	erasures int64
	loose    bool
	read     int // events
	busy     bool
}

func newShelf(n int) *shelf {
	s := &shelf{blocks: map[int64]event.Facts{}}
	for i := range n {
		s.events = append(s.events, record(int64(i+1)))
	}
	return s
}

func record(seq int64) *event.Record {
	at := start.Add(time.Duration(seq) * time.Second)
	m := &event.Meeting{ID: "m", Start: at.Add(time.Hour), Owner: event.Person{Username: fmt.Sprint("owner", seq%3)}}
	return &event.Record{Seq: seq, Event: &event.Event{
		Envelope: event.Envelope{ID: fmt.Sprint("e", seq), Type: event.TypeScheduled, Timestamp: at}, Meeting: m, Received: at.Add(time.Millisecond),
	}}
}

func (s *shelf) Numbers(context.Context) (event.Numbers, error) {
	n := event.Numbers{Erasures: s.erasures, Loose: s.loose}
	if len(s.events) > 0 {
		n.First, n.Last = s.events[0].Seq, s.events[len(s.events)-1].Seq
	}
	return n, nil
}

func (s *shelf) Facts(_ context.Context, after int64, since time.Time, limit int) ([]event.Facts, error) {
	var list []event.Facts
	for _, f := range s.blocks {
		if f.Newest.Before(since) {
			f.Data = nil
		}
		if f.Block > after {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b event.Facts) int { return int(a.Block - b.Block) })
	return list[:min(limit, len(list))], nil
}

func (s *shelf) SaveFacts(_ context.Context, f event.Facts, erasures int64) (bool, error) {
	n := 0
	for _, r := range s.events {
		if r.Seq/width == f.Block {
			n++
		}
	}
	if n != f.Events || erasures != s.erasures {
		return false, nil
	}
	s.blocks[f.Block] = f
	return true, nil
}

func (s *shelf) Events(_ context.Context, f event.EventFilter) ([]*event.Record, error) {
	var list []*event.Record
	for _, r := range s.events {
		if r.Seq > f.After && (f.Before == 0 || r.Seq < f.Before) && !r.Event.Received.Before(f.Since) && len(list) < f.Limit {
			list = append(list, r)
		}
	}
	s.read += len(list)
	return list, nil
}

func (s *shelf) Exclusive(context.Context, string) (func(), bool, error) {
	return func() {}, !s.busy, nil
}

// keeperOf returns a Keeper whose clock goes on by an hour with every look.
func keeperOf(s *shelf) *Keeper {
	now := start
	return NewKeeper(s, slog.New(slog.DiscardHandler), func() time.Time {
		now = now.Add(time.Hour)
		return now
	})
}

func steps(t *testing.T, k *Keeper) {
	t.Helper()
	for range 12 {
		if _, err := k.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// counted returns the totals of all facts by owner, and how many events were
// read for them.
func counted(t *testing.T, s *shelf, r Reading) (owners map[string]int, read int) {
	t.Helper()
	owners, s.read = map[string]int{}, 0
	if err := r.Each(t.Context(), s, func(f *report.Fact) { owners[f.Who.Owner.Username]++ }); err != nil {
		t.Fatal(err)
	}
	return owners, s.read
}

// TestTakenAreNotRead: blocks of events that this process has stored are saved
// without reading them.
func TestTakenAreNotRead(t *testing.T) {
	t.Parallel()
	s := newShelf(3*width + 100)
	k := keeperOf(s)
	for _, r := range s.events {
		k.Took(r.Event, r.Seq)
		k.Took(r.Event, r.Seq) // once is enough
	}
	steps(t, k)
	if len(s.blocks) != 3 || s.read != 0 {
		t.Errorf("%d blocks, %d events read", len(s.blocks), s.read)
	}
	owners, read := counted(t, s, Reading{})
	if diff := cmp.Diff(map[string]int{"owner0": 1057, "owner1": 1058, "owner2": 1057}, owners); diff != "" || read != 101 {
		t.Errorf("%d events read, (-want +got)\n%s", read, diff)
	}
}

// TestErasedAreNotTaken: what was taken is not saved once an event was erased.
func TestErasedAreNotTaken(t *testing.T) {
	t.Parallel()
	s := newShelf(width + 10)
	k := keeperOf(s)
	for _, r := range s.events {
		k.Took(r.Event, r.Seq)
	}
	s.erasures++
	s.events[5].Event.Meeting = &event.Meeting{}
	steps(t, k)
	if len(s.blocks) != 1 || s.read == 0 {
		t.Errorf("%d blocks, %d events read", len(s.blocks), s.read)
	}
	if owners, _ := counted(t, s, Reading{}); owners[""] != 1 {
		t.Errorf("%v", owners)
	}
}

// TestOldEvents: those stored before are read, unless another process does it; a
// block with one that cannot be read is left out.
func TestOldEvents(t *testing.T) {
	t.Parallel()
	s := newShelf(3 * width)
	s.busy = true
	steps(t, keeperOf(s))
	if len(s.blocks) != 0 {
		t.Errorf("%d blocks", len(s.blocks))
	}
	s.busy, s.events[width+5].Damage = false, "damaged"
	missing, all, err := Behind(t.Context(), s, time.Time{})
	if err != nil || missing != 3*width || all != 3*width {
		t.Errorf("%d of %d are missing, %v", missing, all, err)
	}
	steps(t, keeperOf(s))
	if _, there := s.blocks[1]; len(s.blocks) != 2 || there {
		t.Errorf("%d blocks", len(s.blocks))
	}
	if missing, all, err = Behind(t.Context(), s, time.Time{}); err != nil || missing != width || all != 3*width {
		t.Errorf("%d of %d are missing, %v", missing, all, err)
	}
	if missing, all, err = Behind(t.Context(), s, s.events[2*width+3].Event.Received); err != nil || missing != width || all != 2*width {
		t.Errorf("since the third block, %d of %d are missing, %v", missing, all, err)
	}
	owners, read := counted(t, s, Reading{})
	if owners["owner0"]+owners["owner1"]+owners["owner2"] != 3*width || read != width+1 {
		t.Errorf("%v, %d events read", owners, read)
	}
}

// TestLooseNumbers: while an event can still appear, its block is not saved.
func TestLooseNumbers(t *testing.T) {
	t.Parallel()
	s := newShelf(width + 10)
	s.loose = true
	now := start
	k := NewKeeper(s, slog.New(slog.DiscardHandler), func() time.Time { return now })
	for _, after := range []struct {
		wait   time.Duration
		blocks int
	}{{0, 0}, {settleAfter - 1, 0}, {1, 1}} {
		now = now.Add(after.wait)
		if _, err := k.Step(t.Context()); err != nil || len(s.blocks) != after.blocks {
			t.Errorf("after %s more: %d blocks, %v", after.wait, len(s.blocks), err)
		}
	}
}

// TestDamagedBlock reads the events of a block that has changed in any place.
func TestDamagedBlock(t *testing.T) {
	t.Parallel()
	s := newShelf(width + 1)
	steps(t, keeperOf(s))
	sound := s.blocks[0]
	want, read := counted(t, s, Reading{})
	if read > 2 {
		t.Fatalf("%d events read", read)
	}
	for _, place := range []int{0, 1, len(sound.Data) / 2, len(sound.Data) - 1} {
		bad := sound
		bad.Data = slices.Clone(sound.Data)
		bad.Data[place] ^= 4
		s.blocks[0] = bad
		if got, read := counted(t, s, Reading{}); !cmp.Equal(want, got) || read < width-1 {
			t.Errorf("changed at %d: %v, %d events read", place, got, read)
		}
	}
	for _, cut := range []int{0, 1, 3, 4, 5, len(sound.Data) - 1} {
		bad := sound
		bad.Data = sound.Data[:cut:cut]
		s.blocks[0] = bad
		if got, _ := counted(t, s, Reading{}); !cmp.Equal(want, got) {
			t.Errorf("cut at %d: %v", cut, got)
		}
	}
}

// TestMasked hides names and starts, in blocks and in events, once for each name.
func TestMasked(t *testing.T) {
	t.Parallel()
	s := newShelf(width + 50)
	steps(t, keeperOf(s))
	asked := 0
	r := Reading{Undated: true, Since: start.Add(10 * time.Second), Mask: func(w report.Who) (report.Who, error) {
		asked++
		w.Owner.Username = "hidden"
		return w, nil
	}}
	facts := 0
	err := r.Each(t.Context(), s, func(f *report.Fact) {
		facts++
		if f.Who.Owner.Username != "hidden" || f.Dated || f.Ahead != 0 {
			t.Errorf("%+v of %+v is shown", f, f.Who)
		}
	})
	if err != nil || asked != 3 || facts != width+50-9 {
		t.Errorf("asked %d times for %d facts, %v", asked, facts, err)
	}
	r.Mask = func(w report.Who) (report.Who, error) { return w, errors.New("no") }
	if err := r.Each(t.Context(), s, func(*report.Fact) { t.Error("shown") }); err == nil {
		t.Error("no error")
	}
}

// BenchmarkTook is what a stored event costs: noting it, and its part of a block.
func BenchmarkTook(b *testing.B) {
	s := newShelf(width)
	for b.Loop() {
		blk := newBlock()
		for _, r := range s.events {
			blk.add(r.Seq, r.Event)
		}
		blk.encode()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/width, "ns/event")
}
