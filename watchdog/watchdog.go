package watchdog

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// History is what the watchdog reads from the store.
type History interface {
	// LastEvent returns when the newest event was received, Validated when the
	// newest developer.webhook.test was; the zero time if there is none.
	LastEvent(ctx context.Context) (time.Time, error)
	Validated(ctx context.Context) (time.Time, error)
	// EventHours returns one time for each hour since then with an event, oldest
	// first.
	EventHours(ctx context.Context, since time.Time) ([]time.Time, error)
}

// Off as Options.Every means that no events are expected.
const Off time.Duration = -1

// Options configure a Watchdog. History is required.
type Options struct {
	History History
	// Every is the longest expected time between events; 0 means learned, Off
	// means that none are expected.
	Every time.Duration
	// Log gets changes; nil logs nothing.
	Log *slog.Logger
	// Changed is called after State or Signatures.On has changed; may be nil.
	Changed func()
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// State is the state of the event source.
type State string

// The states of the source.
const (
	Active    State = "active"   // the next event is not overdue
	Quiet     State = "quiet"    // the next event is overdue
	Learning  State = "learning" // not enough events yet to learn from
	Unwatched State = "off"
)

// Report is the result of the last check, as the API shows it.
type Report struct {
	State     State     `json:"state"`
	LastEvent time.Time `json:"last_event,omitzero"`
	// ExpectedBefore is when the source becomes quiet; zero if no event is
	// expected. Basis says where that time comes from, or why there is none.
	ExpectedBefore time.Time `json:"expected_before,omitzero"`
	Basis          string    `json:"basis"`
	// Validated is when Cirrus Insight last tested the endpoint. In the API it is
	// not part of the report.
	Validated  time.Time `json:"-"`
	Signatures Burst     `json:"signatures"`
}

// Watchdog watches the event source. It is safe for concurrent use.
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
	learnt  int64 // hour of the newest event used
}

// New returns a Watchdog that has not read the store yet.
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

// Good counts a request with a valid signature. It does not block.
func (w *Watchdog) Good() {
	w.signatures.count(w.opts.Now(), true)
	if w.quiet.Load() {
		w.wake()
	}
}

// Bad counts a request with an invalid signature. It does not block.
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

// Report returns the result of the last check.
func (w *Watchdog) Report() Report {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.report
}

// lookEach is the longest time between two checks.
const lookEach = time.Minute

// Run checks until ctx ends: every minute, when an event becomes overdue, and
// when one arrives after that.
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
			// Other readers of the store log such errors at a higher level.
			w.opts.Log.Debug("cannot check the event source", "error", err)
		}
		timer.Reset(w.pause())
	}
}

// pause returns the time until the next check.
func (w *Watchdog) pause() time.Duration {
	r := w.Report()
	if left := r.ExpectedBefore.Sub(w.opts.Now()); r.State == Active && left < lookEach {
		return max(left, time.Millisecond)
	}
	return lookEach
}

// Look updates the report. If the store fails, the known events stay as they
// were, and the error is returned.
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

// read reads the store.
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

// learn updates the rhythm, at most once per hour with events.
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

// judge computes the rest of the report from the newest event.
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
		r.State, r.Basis = Learning, "not enough data yet: "+w.unknown.Error()
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

// tell logs changes and calls Changed.
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

// span formats a duration as in a setting.
func span(d time.Duration) string {
	if d >= 48*time.Hour && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	if d%time.Hour == 0 {
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return d.String()
}
