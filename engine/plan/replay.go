package plan

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/rules"
)

// ReplayOptions say how a stored event is replayed.
type ReplayOptions struct {
	// Rule limits the replay to one rule; empty means all.
	Rule string
	// Key names the request: the same key makes the same run ids, so that a
	// request can be repeated. It is a UUID of version 7.
	Key uuid.UUID
	Now time.Time
	// WindowState returns the state of a window for the event.
	WindowState func(ctx context.Context, w event.Window, here event.Occurrence) (*event.WindowState, error)
}

// Replay matches a stored event against the current rules, as if it arrived at
// o.Now, and plans the runs that a replay starts. Windows do not count the event
// again and do not hold runs back:
//
//	threshold  the run gets the events of the run that used this one; if there
//	           is none, the run is skipped
//	throttle   is not checked and does not start again
//	digest     collects nothing: the run has only this event and starts at once
//	absence    the run is skipped if what is awaited has come, or may still come
func Replay(ctx context.Context, set *rules.Set, rec *event.Record, o ReplayOptions) ([]event.ReplayedRun, error) {
	ev, err := decode.Event(rec.Event.Body)
	if err != nil {
		return nil, fmt.Errorf("event %q: %w", rec.Event.ID, err)
	}
	ev.Timestamp = rec.Event.Timestamp
	ev.Arrive(o.Now)
	var verdicts []rules.Verdict
	for _, v := range set.Match(ev) {
		if o.Rule == "" || v.Rule.Name == o.Rule {
			verdicts = append(verdicts, v)
		}
	}
	planned, err := Runs(set, ev, verdicts, o.Now)
	if err != nil {
		return nil, err
	}
	out := make([]event.ReplayedRun, 0, len(planned))
	here := event.Occurrence{EventID: ev.Key(), Seq: rec.Seq, At: ev.Timestamp}
	for _, p := range planned {
		p.ID = replayID(o.Key, ev.ID, p.Rule)
		r := event.ReplayedRun{PlannedRun: p}
		r.Windows = nil
		for _, w := range p.Windows {
			if err := passWindow(ctx, &r, w, here, o); err != nil {
				return nil, err
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// passWindow decides what a window means for a replayed run.
func passWindow(ctx context.Context, r *event.ReplayedRun, w event.Window, here event.Occurrence, o ReplayOptions) error {
	if r.Status.Done() {
		return nil
	}
	switch w.Kind {
	case event.WindowThrottle:
		r.Reason = "throttle: not applied to replays"
	case event.WindowDigest:
		r.Scope, r.Reason = w.Scope(), "digest: a replay contains only this event"
	case event.WindowAbsence:
		standing, err := o.WindowState(ctx, w, here)
		if err != nil {
			return err
		}
		due := here.At.Add(w.Length)
		r.Reason = "absence: no " + w.Of + " until " + event.TimeText(due)
		if came := w.CameAfter(standing.Near, here); came != nil {
			r.Status, r.Finished, r.Lanes = event.StatusSkipped, r.Created, nil
			r.Reason = "absence: " + w.Came(*came)
		} else if due.After(o.Now) {
			r.Status, r.Finished, r.Lanes = event.StatusSkipped, r.Created, nil
			r.Reason = "absence: " + w.Of + " may still come until " + event.TimeText(due)
		}
	case event.WindowThreshold:
		standing, err := o.WindowState(ctx, w, here)
		if err != nil {
			return err
		}
		r.Scope, r.Gathered = w.Scope(), standing.Run
		r.Reason = "threshold: not counted again; uses the events of run " + standing.Run
		if standing.Run == "" {
			r.Status, r.Finished, r.Lanes = event.StatusSkipped, r.Created, nil
			r.Reason = "threshold: replays are not counted, and this event was not part of reaching it"
		}
	}
	return nil
}

// replayID is the id of a run of a replay. It has the time of key, and is the
// same for the same key, event and rule.
func replayID(key uuid.UUID, eventID, rule string) string {
	sum := sha256.Sum256([]byte(key.String() + "\x00" + eventID + "\x00" + rule))
	id := key
	copy(id[6:], sum[:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}
