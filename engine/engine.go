package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/gavel-rules/gavel/engine/gate"
	"github.com/gavel-rules/gavel/engine/heavy"
	"github.com/gavel-rules/gavel/engine/past"
	"github.com/gavel-rules/gavel/engine/pause"
	"github.com/gavel-rules/gavel/engine/spans"
	"github.com/gavel-rules/gavel/engine/vitals"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/revisions"
)

// Options configure an Engine. Store, Current and Revisions are required.
type Options struct {
	Store Store
	// Current returns the rule set that new events are matched against.
	Current func() *rules.Set
	// Revisions find the rules that a run started with.
	Revisions *revisions.Cache
	// Owner names this process in leases; it must be unique among the
	// processes that share a store.
	Owner string
	// Workers is how many actions run at once; default 64.
	Workers int
	// Capacity is how many leased runs are held in memory; default 1024.
	Capacity int
	// LargeBodies is how many bytes of large events are worked on at once; default
	// 64 MiB.
	LargeBodies int64
	// Lease is how long a run stays with this process without a renewal; default
	// 30 s.
	Lease time.Duration
	// Poll is the longest time between two checks for due runs; default 1 s.
	Poll time.Duration
	// Private are the event fields hidden in the history and the log, such as
	// "meeting.meetingInfo.primaryInvitee".
	Private  privacy.Fields
	Logger   *slog.Logger
	Observer Observer
	// Tracer makes spans of matching, runs and attempts; nil makes none.
	Tracer trace.Tracer
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Due returns the time up to which runs are due, if the clock cannot be
	// trusted; nil means Now.
	Due func() time.Time
	// Past has the events that runs of schedules report on; nil means those of
	// Store.
	Past past.Source
	// Rehearsal makes the engine send nothing.
	Rehearsal Rehearsal
	// Pauses keep what is paused; nil pauses nothing.
	Pauses pause.Store
}

func (o *Options) defaults() {
	if o.Workers == 0 {
		o.Workers = 64
	}
	if o.Capacity == 0 {
		o.Capacity = 1024
	}
	if o.LargeBodies == 0 {
		o.LargeBodies = 64 << 20
	}
	if o.Lease == 0 {
		o.Lease = 30 * time.Second
	}
	if o.Poll == 0 {
		o.Poll = time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observer == nil {
		o.Observer = silent{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Past == nil {
		o.Past = past.Stored{Store: o.Store}
	}
	if o.Due == nil {
		o.Due = o.Now
	}
}

// Engine takes events and carries out their runs.
type Engine struct {
	opts      Options
	store     Store
	log       *slog.Logger
	traces    spans.Tracing
	revisions *revisions.Cache
	gates     *gate.Gates
	queue     *queue
	heavy     *heavy.Lane
	poke      chan struct{}
	signs     vitals.Signs
	byHand    gate.ByHand
	pauses    *pause.Board
	refusals  *vitals.Refusals
	stuck     *vitals.Stuck
	reused    reused

	mu      sync.Mutex
	started bool
	began   time.Time // when it was started
	// stopClaiming ends the dispatcher; stopSending ends the calls under way.
	stopClaiming context.CancelFunc
	stopSending  context.CancelCauseFunc
	dispatchers  sync.WaitGroup
	workers      sync.WaitGroup
}

// New returns an Engine that is not started yet. Take works before Start; the
// runs stay in the store until then.
func New(o Options) *Engine {
	o.defaults()
	e := &Engine{
		opts: o, store: o.Store, log: o.Logger, traces: spans.Tracing{Tracer: o.Tracer},
		revisions: o.Revisions,
		gates:     gate.New(o.Now, func(n gate.News) { logNews(o.Logger, n) }),
		queue:     newQueue(o.Capacity),
		heavy:     heavy.New(o.LargeBodies),
		poke:      make(chan struct{}, 1),
		refusals:  vitals.NewRefusals(),
		stuck:     vitals.NewStuck(),
	}
	if o.Pauses != nil {
		e.pauses = pause.NewBoard(pause.Options{Store: o.Pauses, Log: o.Logger, Now: o.Now, Every: o.Poll / 2, Freed: e.Wake})
	}
	return e
}

// errStopped is the cause given to calls that shutdown cuts off.
var errStopped = errors.New("gavel is shutting down")

// Start begins to claim and carry out runs. It returns at once.
func (e *Engine) Start() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.started {
		return errors.New("engine: started twice")
	}
	e.started, e.began = true, e.opts.Now()
	claiming, stopClaiming := context.WithCancel(context.Background())
	sending, stopSending := context.WithCancelCause(context.Background())
	e.stopClaiming, e.stopSending = stopClaiming, stopSending
	e.queue.open()
	for range e.opts.Workers {
		e.workers.Go(func() { e.work(sending, claiming) })
	}
	e.dispatchers.Go(func() { e.dispatch(claiming) })
	e.dispatchers.Go(func() { e.renew(sending) })
	e.dispatchers.Go(func() { e.pauses.Run(claiming) })
	return nil
}

// Stop stops claiming, lets actions under way finish until ctx ends, interrupts
// the rest without counting an attempt, and releases all leases. It is safe to
// call before Start and more than once.
func (e *Engine) Stop(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.started {
		return nil
	}
	e.started = false
	e.queue.close() // first: a worker that awaits what is paused must find it closed
	e.stopClaiming()
	finished := make(chan struct{})
	go func() {
		e.workers.Wait()
		close(finished)
	}()
	select {
	case <-finished:
	case <-ctx.Done():
		e.stopSending(errStopped)
		<-finished
	}
	e.stopSending(errStopped)
	e.dispatchers.Wait()
	release, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	if err := e.store.Release(release, e.opts.Owner, e.opts.Now()); err != nil {
		return fmt.Errorf("release leases: %w", err)
	}
	return nil
}

// releaseTimeout limits the last write of a shutdown. Leases that cannot be
// released expire.
const releaseTimeout = 5 * time.Second

// Wake makes the engine look for due runs now.
func (e *Engine) Wake() {
	select {
	case e.poke <- struct{}{}:
	default:
	}
}

// StartedByHand says that a run was just started manually: its next action is
// sent even if the destination asked for a pause or keeps failing.
func (e *Engine) StartedByHand(runID string) {
	e.byHand.Add(runID)
	e.Wake()
}

// PausesChanged makes a changed pause take effect in this process before it
// returns: no call begins after that which a pause holds.
func (e *Engine) PausesChanged(ctx context.Context) error { return e.pauses.Refresh(ctx) }

// Paused returns what is paused, sorted by key.
func (e *Engine) Paused() []event.Pause { return e.pauses.List() }

// Lift ends all pauses of destinations, because the cause may have been fixed.
func (e *Engine) Lift() { e.gates.Lift() }

// Connections returns the state of the connections, by name.
func (e *Engine) Connections() []gate.State { return e.gates.States() }

// OldestReady returns since when a run of this process has been due without
// a worker; zero if all have one.
func (e *Engine) OldestReady() time.Time { return e.queue.oldest() }

// UnhealthyReason says why the engine does not work, or returns "". A slow
// destination or an unreachable store is not a reason: the engine waits for it.
func (e *Engine) UnhealthyReason() string {
	if reason := e.Stuck(); reason != "" {
		return reason
	}
	return e.refusals.UnhealthyReason()
}

// Stuck says why the engine makes no progress, or returns "". Unlike
// UnhealthyReason it leaves out what a restart would not change.
func (e *Engine) Stuck() string {
	return e.signs.UnhealthyReason(e.opts.Now(), e.opts.Poll, e.opts.Workers)
}

// Troubles counts runs that cannot continue, for metrics and readiness.
func (e *Engine) Troubles() vitals.Troubles { return vitals.Count(e.refusals, e.stuck, e.opts.Now()) }

// Its methods must return quickly and be safe for concurrent use.
type Observer interface {
	// EventTaken is called once per accepted delivery, after it is stored.
	EventTaken(ev *event.Event, receipt event.Receipt, matched int)
	// AttemptEnded is called after an attempt was recorded.
	AttemptEnded(run *event.Run, attempt *event.Attempt)
	// RunChanged is called after a run's new state was recorded.
	RunChanged(run *event.Run)
	// Claimed is called after each look for due runs.
	Claimed(count int, took time.Duration)
}

type silent struct{}

func (silent) EventTaken(*event.Event, event.Receipt, int) {}
func (silent) AttemptEnded(*event.Run, *event.Attempt)     {}
func (silent) RunChanged(*event.Run)                       {}
func (silent) Claimed(int, time.Duration)                  {}
