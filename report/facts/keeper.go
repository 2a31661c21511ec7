package facts

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Store is where a Keeper keeps facts.
type Store interface {
	Source
	SaveFacts(ctx context.Context, f event.Facts, erasures int64) (bool, error)
	Exclusive(ctx context.Context, name string) (release func(), ok bool, err error)
}

const (
	keepEvery   = time.Second
	listEvery   = time.Minute
	hurryFor    = 10 * time.Second
	settleAfter = 5 * time.Second // see event.Numbers.Loose
	// maxTaken bounds the blocks of events that this process has stored and
	// whose facts are not saved yet, maxTries how often they are tried: the last
	// events of a block may be stored and not yet known here.
	maxTaken, maxTries = 64, 5
	// Events stored earlier are counted in one part of busyShare of the time
	// while more than busyAbove new ones come per second, otherwise in one of
	// idleShare.
	busyAbove            = 200
	busyShare, idleShare = 25, 3
)

// Keeper saves the facts of events: of those that this process stores, without
// decoding them again, and of those stored before, the newest first.
type Keeper struct {
	store Store
	log   *slog.Logger
	now   func() time.Time

	mu    sync.Mutex
	taken map[int64]*taken
	count int64     // events taken
	hurry time.Time // until then, no pause is made

	// Used by Run alone.
	saved    map[int64]bool // blocks; nil when they have to be listed
	odd      map[int64]bool // blocks that cannot be made
	listedAt time.Time
	erasures int64
	lasts    []last
	missing  int // at the last look
}

type taken struct {
	*block
	tries int
}

// last is the highest number at some time.
type last struct {
	at  time.Time
	seq int64
}

// NewKeeper returns a Keeper for a store. now is its clock, time.Now or that of a
// test.
func NewKeeper(s Store, log *slog.Logger, now func() time.Time) *Keeper {
	return &Keeper{store: s, log: log, now: now, taken: map[int64]*taken{}, odd: map[int64]bool{}}
}

// Took notes an event that was stored under a number. It is safe for concurrent
// use.
func (k *Keeper) Took(ev *event.Event, seq int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.count++
	number := seq / width
	b := k.taken[number]
	if b == nil {
		if len(k.taken) >= maxTaken {
			oldest := int64(math.MaxInt64)
			for other := range k.taken {
				oldest = min(oldest, other)
			}
			delete(k.taken, oldest)
		}
		b = &taken{block: newBlock()}
		k.taken[number] = b
	}
	b.add(seq, ev)
}

// Hurry makes the Keeper go on without pauses for a while, because somebody
// waits.
func (k *Keeper) Hurry() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hurry = k.now().Add(hurryFor)
}

// Run saves facts until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	seen, since, share := int64(0), k.now(), time.Duration(idleShare)
	for ctx.Err() == nil {
		began := k.now()
		k.mu.Lock()
		count, hurried := k.count, began.Before(k.hurry)
		k.mu.Unlock()
		if passed := began.Sub(since); passed >= keepEvery {
			share = idleShare
			if float64(count-seen)/passed.Seconds() > busyAbove {
				share = busyShare
			}
			seen, since = count, began
		}
		more, err := k.Step(ctx)
		if err != nil && ctx.Err() == nil {
			k.log.Warn("cannot count events for reports", "error", err)
		}
		pause := (share - 1) * k.now().Sub(began)
		switch {
		case err != nil || !more:
			pause = max(pause, keepEvery)
		case hurried:
			pause = 0
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// Step saves what can be saved without decoding, and makes at most one other
// block. more reports whether there are others to make.
func (k *Keeper) Step(ctx context.Context) (more bool, err error) {
	n, err := k.store.Numbers(ctx)
	if err != nil || n.First == 0 {
		return false, err
	}
	if n.Erasures != k.erasures {
		// What was taken may be of an event that has been erased since.
		k.mu.Lock()
		clear(k.taken)
		k.mu.Unlock()
		k.saved, k.erasures = nil, n.Erasures
	}
	if k.saved == nil || k.now().Sub(k.listedAt) > listEvery {
		if err := k.list(ctx); err != nil {
			return false, err
		}
	}
	var old []int64
	waiting := false
	for number := (k.settled(n)+1)/width - 1; number >= n.First/width; number-- {
		if k.saved[number] || k.odd[number] {
			continue
		}
		known, err := k.saveTaken(ctx, number, n.Erasures)
		if err != nil {
			return false, err
		}
		if waiting = waiting || known; !known {
			old = append(old, number)
		}
	}
	k.tell(len(old))
	if len(old) == 0 {
		return false, nil
	}
	release, ok, err := k.store.Exclusive(ctx, "facts")
	if err != nil || !ok {
		return false, err // another process makes them
	}
	defer release()
	return len(old) > 1, k.makeOf(ctx, old[0], n.Erasures)
}

// tell logs when many blocks are missing, and when they are made.
func (k *Keeper) tell(missing int) {
	const many = 16
	switch {
	case k.missing == 0 && missing >= many:
		k.log.Info("counting stored events for reports", "events", missing*width)
		k.missing = missing
	case k.missing > 0 && missing == 0:
		k.log.Info("stored events are counted for reports")
		k.missing = 0
	}
}

// list reads which blocks are saved.
func (k *Keeper) list(ctx context.Context) error {
	saved := map[int64]bool{}
	if err := eachSaved(ctx, k.store, func(f event.Facts) { saved[f.Block] = true }); err != nil {
		return err
	}
	k.saved, k.listedAt = saved, k.now()
	return nil
}

// settled returns the number up to which no event can appear any more.
func (k *Keeper) settled(n event.Numbers) int64 {
	if !n.Loose {
		return n.Last
	}
	now := k.now()
	k.lasts = append(k.lasts, last{now, n.Last})
	for len(k.lasts) > 1 && now.Sub(k.lasts[1].at) >= settleAfter {
		k.lasts = k.lasts[1:]
	}
	if now.Sub(k.lasts[0].at) < settleAfter {
		return -1
	}
	return k.lasts[0].seq
}

// saveTaken saves a block of events that this process has stored. known is false
// when it must be made from its events.
func (k *Keeper) saveTaken(ctx context.Context, number, erasures int64) (known bool, err error) {
	k.mu.Lock()
	b := k.taken[number]
	if b == nil {
		k.mu.Unlock()
		return false, nil
	}
	b.tries++
	f, last := b.stored(number), b.tries >= maxTries || b.odd
	k.mu.Unlock()
	ok, err := false, error(nil)
	if !b.odd {
		if ok, err = k.store.SaveFacts(ctx, f, erasures); err != nil {
			return false, err
		}
	}
	if !ok && !last {
		return true, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.taken, number)
	k.saved[number] = ok
	return ok, nil
}
