package watchdog

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// History is what the watchdog reads of the store.
type History interface {
	// LastEvent returns when the newest event came, Validated when the newest
	// developer.webhook.test did; the zero time if there is none.
	LastEvent(ctx context.Context) (time.Time, error)
	Validated(ctx context.Context) (time.Time, error)
	// EventHours returns one moment of each hour since then in which an event
	// came, oldest first.
	EventHours(ctx context.Context, since time.Time) ([]time.Time, error)
}

// Off switches off that events are expected at all.
const Off time.Duration = -1

// Options configure a Watchdog. History is required.
type Options struct {
	History History
	// Every is how often an event must come at least; 0 learns it, Off expects
	// none.
	Every time.Duration
	// Log hears of changes; nil hears nothing.
	Log *slog.Logger
	// Changed is called after the report has changed in what it says of the
	// source or of signatures; nil is not.
	Changed func()
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// State says how the source of events stands.
type State string

// The states of the source.
const (
	Active    State = "active"   // the next event is not overdue
	Quiet     State = "quiet"    // it is
	Learning  State = "learning" // too little is known to expect anything
	Unwatched State = "off"
)

// Report is what the watchdog knows, and what the API reports it.
type Report struct {
	State     State     `json:"state"`
	LastEvent time.Time `json:"last_event,omitzero"`
	// ExpectedBefore is when the source counts as quiet; zero when nothing is
	// expected. Basis says in words how that is known, or why it is not.
	ExpectedBefore time.Time `json:"expected_before,omitzero"`
	Basis          string    `json:"basis"`
	// Validated is when Cirrus Insight last tried the endpoint. The API has it
	// beside the report.
	Validated  time.Time `json:"-"`
	Signatures Burst     `json:"signatures"`
}

// Watchdog watches the source of events. Its methods are safe for concurrent
// use.
type Watchdog struct {
	opts       Options
	began      time.Time
	signatures signatures
	quiet      atomic.Bool
	poke       chan struct{}

	mu      sync.Mutex
	report  Report
	rhythm  Rhythm
	unknown error // why there is no rhythm
	learnt  int64 // hour of the event up to which was learnt
}

// New returns a Watchdog that has not looked yet.
func New(o Options) *Watchdog {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	w := &Watchdog{opts: o, began: o.Now(), poke: make(chan struct{}, 1), learnt: -1}
	w.report = w.judge(Report{}, w.began)
	return w
}

// Good reports a request whose signature held; Bad of one whose did not.
// Both return at once.
func (w *Watchdog) Good() {
	w.signatures.count(w.opts.Now(), true)
	if w.quiet.Load() {
		w.wake()
	}
}

// Bad reports a request whose signature did not hold.
func (w *Watchdog) Bad() {
	if w.signatures.count(w.opts.Now(), false) {
		w.wake()
	}
}

func (w *Watchdog) wake() {
	select {
	case w.poke <- struct{}{}:
	default:
	}
}

// Report returns what was known at the last look.
func (w *Watchdog) Report() Report {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.report
}

// lookEach is the longest time between two looks.
const lookEach = time.Minute

// Run looks until ctx ends: every minute, when an event becomes overdue, and
// when one comes at last.
func (w *Watchdog) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.poke:
		case <-timer.C:
		}
		if err := w.Look(ctx); err != nil && ctx.Err() == nil {
			// Those who read the store for people say so louder.
			w.opts.Log.Debug("cannot check the event source", "error", err)
		}
		timer.Reset(w.pause())
	}
}

// pause returns how long to sleep until something may have changed.
func (w *Watchdog) pause() time.Duration {
	r := w.Report()
	if left := r.ExpectedBefore.Sub(w.opts.Now()); r.State == Active && left < lookEach {
		return max(left, time.Millisecond)
	}
	return lookEach
}

// Look brings the report up to now. On an error of the store the source stands
// as before.
func (w *Watchdog) Look(ctx context.Context) error {
	known, err := w.read(ctx)
	now := w.opts.Now()
	w.mu.Lock()
	before := w.report
	if err != nil {
		known = before
	}
	after := w.judge(known, now)
	w.report = after
	w.mu.Unlock()
	w.quiet.Store(after.State == Quiet)
	w.tell(ctx, before, after)
	return err
}

// read gets what is stored.
func (w *Watchdog) read(ctx context.Context) (r Report, err error) {
	if r.LastEvent, err = w.opts.History.LastEvent(ctx); err != nil {
		return r, err
	}
	// Nothing can have changed without a newer event.
	known := w.Report()
	if r.Validated = known.Validated; !r.LastEvent.Equal(known.LastEvent) {
		if r.Validated, err = w.opts.History.Validated(ctx); err != nil {
			return r, err
		}
	}
	if w.opts.Every == 0 && !r.LastEvent.IsZero() {
		err = w.learn(ctx, r.LastEvent)
	}
	return r, err
}

// learn brings the rhythm up to the newest event, once for each hour that
// brings one.
func (w *Watchdog) learn(ctx context.Context, last time.Time) error {
	w.mu.Lock()
	same := w.learnt == hourOf(last)
	w.mu.Unlock()
	if same {
		return nil
	}
	moments, err := w.opts.History.EventHours(ctx, last.Add(-Window))
	if err != nil {
		return err
	}
	rhythm, unknown := Learn(moments)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rhythm, w.unknown, w.learnt = rhythm, unknown, hourOf(last)
	return nil
}

// judge fills in what follows from when the newest event came.
func (w *Watchdog) judge(r Report, now time.Time) Report {
	r.Signatures = w.signatures.judge(now)
	r.ExpectedBefore = time.Time{}
	switch {
	case w.opts.Every < 0:
		r.State, r.Basis = Unwatched, "no events are expected (--expect-event-every)"
		return r
	case w.opts.Every > 0:
		from := r.LastEvent
		if from.IsZero() {
			from = w.began
		}
		r.ExpectedBefore = from.Add(w.opts.Every)
		r.Basis = fmt.Sprintf("every %s (--expect-event-every)", span(w.opts.Every))
	case r.LastEvent.IsZero():
		r.State, r.Basis = Learning, "no event received yet"
		return r
	case w.unknown != nil:
		r.State, r.Basis = Learning, "the usual rhythm is not known yet: "+w.unknown.Error()
		return r
	default:
		r.ExpectedBefore, r.Basis = w.rhythm.Deadline(r.LastEvent), w.rhythm.Basis()
	}
	r.State = Active
	if !now.Before(r.ExpectedBefore) {
		r.State = Quiet
	}
	return r
}

// tell logs what has changed, once.
func (w *Watchdog) tell(ctx context.Context, before, after Report) {
	log := w.opts.Log
	switch {
	case after.State == Quiet && before.State != Quiet:
		log.WarnContext(ctx, "no events received; check at Cirrus Insight that the endpoint is active", "last_event", timeText(after.LastEvent),
			"expected_before", timeText(after.ExpectedBefore), "basis", after.Basis)
	case after.State != Quiet && before.State == Quiet:
		log.InfoContext(ctx, "events received again", "last_event", timeText(after.LastEvent), "last_event_before", timeText(before.LastEvent))
	}
	switch a, b := after.Signatures, before.Signatures; {
	case a.On && !b.On:
		log.WarnContext(ctx, "most requests have a bad signature; compare the signing secret with the one at Cirrus Insight",
			"bad", a.Bad, "good", a.Good, "within", BurstWindow.String())
	case !a.On && b.On:
		log.InfoContext(ctx, "signatures are valid again", "bad", a.Bad, "good", a.Good, "within", BurstWindow.String())
	}
	if before.State != after.State || before.Signatures.On != after.Signatures.On {
		w.opts.Changed()
	}
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}

// span words a setting as it may have been written.
func span(d time.Duration) string {
	if d >= 48*time.Hour && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	if d%time.Hour == 0 {
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return d.String()
}
