package engine

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/engine/heavy"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/own"
)

// Take matches an event against the current rules and stores it together with
// the runs it starts. When it returns without an error, both are on disk.
func (e *Engine) Take(ctx context.Context, ev *event.Event) (event.Receipt, error) {
	set := e.opts.Current()
	now := e.opts.Now()
	verdicts, err := e.verdicts(ctx, set, ev)
	if err := cmp.Or(ctx.Err(), err); err != nil {
		return event.Receipt{}, fmt.Errorf("match the event: %w", err)
	}
	ends, err := e.ends(ctx, set, ev)
	if err := cmp.Or(ctx.Err(), err); err != nil {
		return event.Receipt{}, fmt.Errorf("match the event with absences: %w", err)
	}
	a := event.Acceptance{Event: ev, Revision: set.Revision, Now: now, Ends: ends}
	reserved := e.queue.reserve(len(verdicts))
	if len(verdicts) > 0 {
		runs, err := e.plan(set, ev, verdicts, now)
		if err != nil {
			e.queue.free(reserved)
			return event.Receipt{}, err
		}
		e.hideWords(set, ev, runs)
		e.traces.Mark(ctx, runs)
		a.Runs = e.planned(runs)
	}
	e.hideEndings(set, ev, ends)
	if reserved > 0 && reserved == len(verdicts) {
		a.Owner, a.LeaseUntil = e.opts.Owner, now.Add(e.opts.Lease)
	}
	if ev.HasMeeting() {
		a.Move = e.follow(ev, now)
	}
	receipt, err := e.store.Accept(ctx, a)
	e.queue.free(reserved - len(receipt.Started))
	if err != nil {
		return receipt, err
	}
	if receipt.Duplicate {
		receipt.Differs = !own.Is(ev.Type) && e.differs(ctx, ev)
		return receipt, nil
	}
	unclaimed := len(receipt.Started)+len(receipt.EndedAtOnce) < receipt.Created
	// The event is reported before anything that it starts.
	e.opts.Observer.EventTaken(ev, receipt, len(verdicts))
	for i := range a.Runs {
		if run := &a.Runs[i].Run; run.Status.Done() {
			receipt.EndedAtOnce = append(receipt.EndedAtOnce, run)
		}
	}
	for _, run := range receipt.EndedAtOnce {
		e.opts.Observer.RunChanged(run)
		e.logRun(ctx, run)
	}
	for _, run := range receipt.Started {
		e.queue.put(task{run: run, ev: heavy.Light(ev)})
	}
	if unclaimed || receipt.Moved > 0 {
		e.Wake()
	}
	e.awaitSending(ctx, receipt.Sending)
	return receipt, nil
}

// Tell takes one of Gavel's own events, exactly as Take does, if a rule listens to
// its type; else nothing is stored and told is false. One whose id was told
// before changes nothing.
func (e *Engine) Tell(ctx context.Context, t own.Telling) (told bool, err error) {
	if !e.opts.Current().Wants(t.Type) {
		return false, nil
	}
	body, err := t.Body()
	if err != nil {
		return false, err
	}
	ev, err := decode.Event(body)
	if err != nil {
		return false, fmt.Errorf("decode %s: %w", t.Type, err)
	}
	ev.Arrive(e.opts.Now())
	receipt, err := e.Take(ctx, ev)
	return err == nil && !receipt.Duplicate, err
}

// differs reports whether a repeat differs from the stored event of its id. The
// stored one is kept.
func (e *Engine) differs(ctx context.Context, ev *event.Event) bool {
	rec, err := e.store.Event(ctx, ev.Ref())
	if err != nil || rec.Damage != "" || decode.Same(rec.Event.Body, ev.Body) {
		return false // cannot be compared; the event is stored anyway
	}
	e.log.WarnContext(ctx, "repeated event differs from the stored one; the stored one is kept",
		"event_id", ev.ID, "organization", ev.Organization(), "event_type", ev.Type, "stored_type", rec.Event.Type)
	return true
}

// awaitSending waits for actions that are being sent for a meeting just
// canceled, so that nothing is sent after the cancellation is acknowledged. It
// waits at most longestSending, because a process may have died while sending.
func (e *Engine) awaitSending(ctx context.Context, runs []string) {
	if len(runs) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, longestSending)
	defer cancel()
	for _, id := range runs {
		for {
			run, err := e.store.Run(ctx, id)
			if err != nil || run.Status != event.StatusRunning || !run.InFlight {
				break
			}
			select {
			case <-time.After(sendingPoll):
			case <-ctx.Done():
				return
			}
		}
	}
}

const (
	longestSending = 5 * time.Second
	sendingPoll    = 10 * time.Millisecond
)
