package facts

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report"
)

// Source has events, and facts of most of them.
type Source interface {
	Numbers(ctx context.Context) (event.Numbers, error)
	Facts(ctx context.Context, after int64, since time.Time, limit int) ([]event.Facts, error)
	Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error)
}

const (
	width = event.FactsWidth
	// listed is how many blocks are read at a time, page how many events.
	listed = 32
	page   = 256
)

// Reading says which facts to read, and how they are shown.
type Reading struct {
	Since time.Time // by the time received; zero means all
	// Mask returns what is shown instead of a Who; nil shows everything.
	Mask func(report.Who) (report.Who, error)
	// Undated hides when meetings start.
	Undated bool
	// Progress is called from time to time with the number of facts so far and
	// the time of the last one. May be nil.
	Progress func(events int, at time.Time)
}

// Each calls do for each fact, in the order of the numbers of events. do must not
// keep the fact, but may keep its Who.
func (r Reading) Each(ctx context.Context, src Source, do func(*report.Fact)) error {
	n, err := src.Numbers(ctx)
	if err != nil || n.First == 0 {
		return err
	}
	w := &walk{Reading: r, src: src, do: do, shared: map[report.Who]*report.Who{}, next: n.First / width}
	for after, more := int64(-1), true; more; {
		list, err := src.Facts(ctx, after, r.Since, listed)
		if err != nil {
			return err
		}
		for i := range list {
			if err := w.block(ctx, &list[i]); err != nil {
				return err
			}
			after = list[i].Block
		}
		more = len(list) == listed
	}
	return w.events(ctx, w.next, w.next+rest)
}

// walk is one reading under way.
type walk struct {
	Reading
	src    Source
	do     func(*report.Fact)
	shared map[report.Who]*report.Who
	next   int64 // the block to read next
	count  int
}

// block reads a block, and the events without one below it.
func (w *walk) block(ctx context.Context, f *event.Facts) error {
	if f.Block < w.next {
		return nil // of events that are gone
	}
	if err := w.events(ctx, w.next, f.Block); err != nil {
		return err
	}
	w.next = f.Block + 1
	if f.Data == nil {
		return nil // too old
	}
	if !whole(f.Data) {
		return w.events(ctx, f.Block, f.Block+1)
	}
	if err := decode(f.Data, w.who, w.take); err != nil {
		return err
	}
	if w.Progress != nil {
		w.Progress(w.count, f.Newest)
	}
	return nil
}

func (w *walk) take(f *report.Fact) {
	w.count++
	if f.Received.Before(w.Since) {
		return
	}
	if w.Undated {
		f.Dated, f.Ahead = false, 0
	}
	w.do(f)
}

// who returns what is shown of a Who, the same for the same.
func (w *walk) who(who report.Who) (*report.Who, error) {
	if shared := w.shared[who]; shared != nil {
		return shared, nil
	}
	if len(w.shared) >= maxShared {
		clear(w.shared)
	}
	shown := who
	if w.Mask != nil {
		var err error
		if shown, err = w.Mask(who); err != nil {
			return nil, fmt.Errorf("hide private fields: %w", err)
		}
	}
	w.shared[who] = &shown
	return &shown, nil
}

// maxShared bounds how many owners and calendars are remembered.
const maxShared = 20_000

// rest stands for all blocks that there can be.
const rest = 1 << 50

// events reads the events of the blocks from one to below another.
func (w *walk) events(ctx context.Context, from, to int64) error {
	if from == to {
		return nil
	}
	f := event.EventFilter{Since: w.Since, After: from*width - 1, Before: to * width, OldestFirst: true, Limit: page, Bytes: event.PageBytes}
	for {
		records, err := w.src.Events(ctx, f)
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		for _, r := range records {
			f.After = r.Seq
			fact, ok := report.FactOf(r.Event)
			if !ok {
				continue
			}
			if fact.Who, err = w.who(cloned(*fact.Who)); err != nil {
				return err
			}
			w.take(&fact)
		}
		if w.Progress != nil && len(records) > 0 {
			w.Progress(w.count, records[len(records)-1].Event.Received)
		}
		if f.Ended(records) {
			return nil
		}
	}
}
