package desk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/engine/past"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/explain"
	"github.com/gavel-rules/gavel/store"
)

// History is what happened to a stored event.
type History struct {
	Record *event.Record
	Runs   []api.RunDetail
}

// maxHistory bounds the runs of one event and the events of one meeting that
// an explanation reads.
const maxHistory = 1000

// HistoryOf reads the history of an event. If the event is not stored, the
// error wraps event.ErrNotFound.
func HistoryOf(ctx context.Context, s privacy.Ledger, id string) (*History, error) {
	record, err := s.Event(ctx, id)
	if err != nil {
		return nil, err
	}
	h := &History{Record: record}
	runs, err := s.Runs(ctx, event.RunFilter{EventID: record.Event.Ref(), Limit: maxHistory, Results: true})
	if err != nil {
		return nil, fmt.Errorf("runs of event %q: %w", id, err)
	}
	for _, run := range runs {
		attempts, err := s.Attempts(ctx, run.ID)
		if err != nil {
			return nil, fmt.Errorf("history of run %q: %w", run.ID, err)
		}
		h.Runs = append(h.Runs, *api.RunDetailOf(run, attempts))
	}
	return h, nil
}

// Question is what to explain.
type Question struct {
	Event *event.Event
	// History is nil when the event is not stored.
	History *History
	// Now is the time for throttles and digests that this event has not
	// reached; zero means the time of the event.
	Now time.Time
	// Rule limits the explanation to one rule; empty means all.
	Rule string
	// Private are the event fields to hide.
	Private privacy.Fields
}

// Explain shows what rules do with an event, given the stored events of its
// meeting and the stored windows.
func Explain(ctx context.Context, s store.Store, with *explain.Explainer, q Question) (*explain.Explanation, error) {
	ev := q.Event
	o := explain.ExplainOptions{Rule: q.Rule}
	if err := meetingBefore(ctx, s, ev, q.History != nil, &o); err != nil {
		return nil, err
	}
	a := &windowReader{
		ctx: ctx, store: s, ev: ev, here: event.Occurrence{EventID: ev.Key(), At: ev.Timestamp}, runs: map[string]*event.Run{}, now: q.Now,
	}
	if a.now.IsZero() {
		a.now = ev.Received
	}
	if h := q.History; h != nil {
		o.Late, a.here.Seq = h.Record.Late, h.Record.Seq
		for _, run := range h.Runs {
			if run.Run.Revision == with.Revision() {
				a.runs[run.Run.Rule] = run.Run
			}
		}
	}
	o.Windows = a.forecast
	o.Collect = func(c *rules.Collection) error {
		return past.Collect(ctx, past.Stored{Store: privacy.Show(s, q.Private)}, c, nil, nil)
	}
	o.Stored = q.History != nil
	if err := remembered(ctx, s, with, ev, &o); err != nil {
		return nil, err
	}
	out := with.Explain(ev, o)
	if a.err != nil || len(q.Private) == 0 {
		return out, a.err
	}
	return withoutPrivate(with, ev, o, out, q.Private)
}

// remembered looks up what is remembered for an event now.
func remembered(ctx context.Context, s store.Store, with *explain.Explainer, ev *event.Event, o *explain.ExplainOptions) error {
	keys, err := with.MemoryKeys(ev)
	if err != nil {
		return nil // the explanation of a condition that needs it says so
	}
	list := append(keys.List(), with.LivingKeys(ev)...)
	if len(list) == 0 {
		return nil
	}
	slices.Sort(list)
	o.Remembered, err = s.Memories(ctx, slices.Compact(list))
	return err
}

// Remembered returns what the rules in force remember for the newest event of a
// meeting, with the meeting and in their places, sorted by name.
func (d *Desk) Remembered(ctx context.Context, meeting *event.MeetingState) ([]api.Remembered, error) {
	keys, gate := rules.MemoryKeys{}, (*privacy.Gate)(nil)
	if set := d.Current(); set != nil {
		gate = set.Gate()
		if of, err := d.ready(set).with.MemoryKeys(meeting.Newest.Event); err == nil && of != nil {
			keys = of // without a key of a place that cannot be evaluated, that place is empty
		}
	}
	keys[""] = event.MeetingMemory(meeting.Newest.Event.MeetingKey())
	list, err := d.Store.Memories(ctx, keys.List())
	if err != nil {
		return nil, err
	}
	now, out := d.now(), []api.Remembered{}
	for _, place := range slices.Sorted(maps.Keys(keys)) {
		for _, r := range d.Private.Remembered(list) {
			if r.Key == keys[place] && !r.Expired(now) && !r.Hidden() {
				out = append(out, api.Remembered{Place: place, Name: r.Name, Value: gate.JSON(r.Value), Rule: r.Rule, Updated: r.Updated, Expires: r.Expires, Damage: r.Damage})
			}
		}
	}
	return out, nil
}

// meetingBefore looks up what was known of an event's meeting when it was
// received.
func meetingBefore(ctx context.Context, s store.Store, ev *event.Event, stored bool, o *explain.ExplainOptions) error {
	if !ev.HasMeeting() {
		return nil
	}
	fail := func(err error) error { return fmt.Errorf("earlier events of meeting %q: %w", ev.Meeting.ID, err) }
	switch previous, err := s.PreviousEvent(ctx, ev.MeetingRef(), ev.Timestamp); {
	case errors.Is(err, event.ErrNotFound):
	case err != nil:
		return fail(err)
	default:
		o.Previous = previous.Event.Meeting
	}
	switch state, err := s.Meeting(ctx, ev.MeetingRef()); {
	case errors.Is(err, event.ErrNotFound):
	case err != nil:
		return fail(err)
	default:
		o.Late = state.Newest.Event.Timestamp.After(ev.Timestamp)
	}
	f := event.EventFilter{MeetingID: ev.MeetingRef(), Type: event.TypeRescheduled, Limit: maxHistory, Bytes: event.PageBytes, Raw: true}
	for more := true; more; {
		moves, err := s.Events(ctx, f)
		if err != nil {
			return fail(err)
		}
		for _, r := range moves {
			if f.Before = r.Seq; !r.Event.Timestamp.After(ev.Timestamp) {
				o.Reschedules++
			}
		}
		f.Limit -= len(moves)
		more = f.Limit > 0 && event.Continues(moves)
	}
	if !stored && ev.Type == event.TypeRescheduled {
		o.Reschedules++
	}
	return nil
}
