package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/living"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/params"
)

// kept is a message that is kept up to date, for one try of one run.
type kept struct {
	slot  living.Slot
	claim living.Claim
	life  *params.Life
}

// keptFor is how long a message that belongs to a value is known after it was
// changed last.
const keptFor = 90 * 24 * time.Hour

// claimFor is how much longer than its timeout a try keeps others waiting.
const claimFor = 5 * time.Second

// shows is the event whose state an action of the run shows: that of the run, or
// the newest one if it follows its meeting.
func (j *job) shows() living.Order {
	if j.newest != nil {
		return living.OrderOf(j.state.Newest.Event)
	}
	return living.OrderOf(j.ev)
}

// slot returns where the state of an action's message is kept.
func (j *job) slot(s *rules.Step) (living.Slot, error) {
	slot, err := j.rule.LivingSlot(s, strings.TrimPrefix(plan.StepID(j.run, s), s.ID), j.scope())
	if err == nil && !slot.WithMeeting {
		slot.Expires = j.opts.Now().Add(keptFor)
	}
	return slot, err
}

// keepUp looks whether the run may send or change the message of an action. If
// not, done is true, and the run has ended the action or comes back to it.
func (j *job) keepUp(ctx context.Context, s *rules.Step, effect params.Effect, attempt event.Attempt) (k *kept, done bool) {
	slot, err := j.slot(s)
	if err != nil {
		j.failed(ctx, s, attempt, unprepared(err))
		return nil, true
	}
	list, err := j.store.Memories(ctx, []event.MemoryKey{slot.Key})
	if err != nil {
		j.notBegun(ctx, j.run, err)
		return nil, true
	}
	var state living.State
	if r := slot.In(list); r != nil && !r.Expired(j.opts.Now()) {
		if r.Damage != "" {
			j.failed(ctx, s, attempt, event.Failf(event.CauseRefused, false, "where the message is cannot be read: %s", r.Damage))
			return nil, true
		}
		state = living.Read(r.Value)
	}
	now := j.opts.Now()
	k = &kept{slot: slot, claim: living.Claim{Run: j.run.ID, Shows: j.shows(), Now: now, Until: now.Add(s.Timeout + claimFor)}, life: &params.Life{}}
	k.life.Where = state.Where
	if state.Where != nil && k.claim.Shows.Before(state.Shows) {
		_, id := event.SplitKey(state.Shows.Event)
		j.outdated(ctx, s, effect, k, attempt, "a newer state of the meeting was shown: that of event "+id)
		return nil, true
	}
	newer, err := j.newerRun(ctx, s)
	switch {
	case err != nil:
		j.notBegun(ctx, j.run, err)
		return nil, true
	case newer != nil:
		j.outdated(ctx, s, effect, k, attempt, "a newer state of the meeting is shown instead: that of event "+newer.EventID)
		return nil, true
	case state.Busy(j.run.ID, now):
		j.comeBack(ctx, state.Until.Sub(now))
		return nil, true
	}
	return k, false
}

// mostNewer is how many unfinished runs of a rule for one meeting are looked at.
const mostNewer = 20

// newerRun returns a run of the same rule for a newer event of the meeting that
// is about to show its state; nil if there is none. A run that waits is not.
func (j *job) newerRun(ctx context.Context, s *rules.Step) (*event.Run, error) {
	if action, ok := s.Action.(params.Living); !ok || !action.PerMeeting() || j.run.MeetingID == "" || j.opts.Rehearsal.Shadow {
		return nil, nil
	}
	shadow := false
	list, err := j.store.Runs(ctx, event.RunFilter{
		Rule: j.run.Rule, MeetingID: j.run.MeetingRef(), Statuses: []event.Status{event.StatusPending, event.StatusRunning}, Shadow: &shadow, Limit: mostNewer,
	})
	if err != nil {
		return nil, fmt.Errorf("look for newer runs: %w", err)
	}
	mine := j.shows()
	for _, other := range list {
		if other.ID == j.run.ID || other.Shadow || other.EventID == j.run.EventID || other.Damage != nil {
			continue
		}
		record, err := j.store.Event(ctx, other.EventRef())
		if errors.Is(err, event.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("event %q of a newer run: %w", other.EventID, err)
		}
		if mine.Before(living.OrderOf(record.Event)) {
			return other, nil
		}
	}
	return nil, nil
}

// outdated ends an action whose state must not be shown any more.
func (j *job) outdated(ctx context.Context, s *rules.Step, effect params.Effect, k *kept, attempt event.Attempt, why string) {
	attempt.Outcome, attempt.Reason = event.OutcomeSkipped, why
	result := j.noResult(s)
	if lasting, ok := effect.(params.Lasting); ok && k.life.Where != nil {
		result = marshal(lasting.Found(k.life.Where))
	}
	j.endedBy = why
	j.advance(ctx, attempt, result)
	j.endedBy = ""
}

// A run looks again after so long whether the message is free: mostly the other
// run is done long before its claim ends.
const (
	soonest = 100 * time.Millisecond
	latest  = 500 * time.Millisecond
)

// comeBack gives the run back while another one changes the message.
func (j *job) comeBack(ctx context.Context, after time.Duration) {
	j.run.InFlight = false
	j.run.Status, j.run.Due = event.StatusPending, j.opts.Now().Add(min(max(after, soonest), latest))
	j.run.Reason = "held: another run is changing the same message"
	j.record(ctx, event.Progress{Run: j.run})
}

// errBusy says that another run has claimed the message meanwhile.
var errBusy = errors.New("another run is changing the same message")

// take claims the message in the transaction that records that the run is about
// to send. lost says why the message that was there cannot be changed, or is
// empty.
func (j *job) take(ctx context.Context, k *kept, lost string) error {
	now := j.opts.Now()
	k.claim.Until = k.claim.Until.Add(now.Sub(k.claim.Now))
	k.claim.Now = now
	how := k.claim.Take
	if lost != "" {
		how = k.claim.Lose
	}
	j.run.InFlight = true
	if !j.record(ctx, event.Progress{Run: j.run, Remember: []event.Remember{k.slot.Change(how)}}) {
		return errLost
	}
	if !k.claim.Taken {
		return errBusy
	}
	*k.life = params.Life{Key: livingKey(k), Where: k.claim.State.Where, From: k.claim.From, To: k.claim.To, Lost: lost}
	return nil
}

// livingKey identifies a message at its destination.
func livingKey(k *kept) string {
	return uuid.NewSHA1(keySpace, fmt.Appendf(nil, "%s/%s/%d", k.slot.Key, k.slot.Name, k.claim.State.Number)).String()
}

// lasts notes in the transaction of the attempt what has become of the message.
func (j *job) lasts(k *kept, err error) {
	if k == nil || errors.Is(err, errLost) || !k.claim.Taken {
		return
	}
	change := k.claim.Show(k.life.Where, j.opts.Now())
	if err != nil {
		var f *event.Failure
		from, to := k.life.From, k.life.To
		if errors.As(err, &f); f == nil || f.Arrival == event.ArrivalUnknown {
			if from.IsZero() {
				from = k.claim.Now
			}
			to = k.claim.Until
		}
		change = k.claim.Release(from, to)
	}
	j.remembering = []event.Remember{k.slot.Change(change)}
}

// lived keeps the message of a rehearsal with the run, and returns the request
// with what is done to the message.
func (j *job) lived(s *rules.Step, effect params.Effect, request json.RawMessage) json.RawMessage {
	lasting, ok := effect.(params.Lasting)
	slot, err := j.slot(s)
	if !ok || err != nil {
		return request
	}
	list, err := j.store.Memories(context.Background(), []event.MemoryKey{slot.Key})
	if err != nil {
		return request
	}
	var state living.State
	if r := slot.In(list); r != nil && !r.Expired(j.opts.Now()) {
		state = living.Read(r.Value)
	}
	claim := living.Claim{Shows: j.shows(), State: state}
	j.remembering = []event.Remember{slot.Change(claim.Show(json.RawMessage("{}"), j.opts.Now()))}
	var members map[string]json.RawMessage
	if json.Unmarshal(request, &members) != nil || members["living"] == nil {
		return request
	}
	members["living"] = marshal(lasting.Does(state.Where != nil))
	return asSent(members)
}
