package facts

import (
	"context"
	"errors"

	"github.com/gavel-rules/gavel/event"
)

func (b *block) stored(number int64) event.Facts {
	return event.Facts{Block: number, Events: b.events, Newest: b.newest, Data: b.encode()}
}

var errUnreadable = errors.New("an event cannot be read")

// makeOf makes a block from its events. One with an event that cannot be read is
// left out: a report then says what can be said.
func (k *Keeper) makeOf(ctx context.Context, number, erasures int64) error {
	b, err := read(ctx, k.store, number)
	if errors.Is(err, errUnreadable) || err == nil && b.odd {
		k.odd[number] = true
		return nil
	}
	if err != nil {
		return err
	}
	ok, err := k.store.SaveFacts(ctx, b.stored(number), erasures)
	if ok {
		k.saved[number] = true
	} else {
		k.saved = nil // something has changed
	}
	return err
}

func read(ctx context.Context, src Source, number int64) (*block, error) {
	b := newBlock()
	f := event.EventFilter{After: number*width - 1, Before: (number + 1) * width, OldestFirst: true, Limit: page, Bytes: event.PageBytes}
	for {
		records, err := src.Events(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			if r.Damage != "" {
				return nil, errUnreadable
			}
			b.add(r.Seq, r.Event)
			f.After = r.Seq
		}
		if f.Ended(records) {
			return b, nil
		}
	}
}
