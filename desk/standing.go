package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/explain"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/store/window"
)

// windowReader tells an explanation the state of windows. If the rules are
// those that the event met, it comes from the recorded runs of the event;
// otherwise from the windows as they are now.
type windowReader struct {
	ctx   context.Context
	store store.Store
	ev    *event.Event
	here  event.Occurrence
	runs  map[string]*event.Run // of this event, by rule
	now   time.Time
	err   error // the first of the store
}

// forecast answers explain.ExplainOptions.Windows.
func (a *windowReader) forecast(r *rules.Rule, asked []event.Window) *explain.Forecast {
	f := &explain.Forecast{Gathering: a.alone()}
	run := a.runs[r.Name]
	for _, w := range asked {
		x := explain.NewWindowExplanation(w, explain.BasisStored)
		if run != nil {
			x.Basis = explain.BasisRecorded
		}
		f.Windows = append(f.Windows, x)
		if f.Held != "" {
			x.Outcome, x.Reason = explain.WindowNotAsked, "not checked: the previous window decided"
			continue
		}
		standing, err := a.store.WindowState(a.ctx, w, a.here)
		if err == nil {
			ask := map[event.WindowKind]func(*explain.WindowExplanation, event.Window, *event.WindowState, *event.Run, *explain.Forecast) error{
				event.WindowThreshold: a.threshold, event.WindowThrottle: a.throttle, event.WindowDigest: a.digest,
				event.WindowAbsence: a.absence,
			}
			err = ask[w.Kind](x, w, standing, run, f)
		}
		if err != nil {
			a.err = errors.Join(a.err, err)
			return nil
		}
		if x.Outcome != explain.WindowOpens {
			f.Held = x.Reason
		}
	}
	return f
}

// skippedBefore says that a run ended before its windows were checked.
func skippedBefore(x *explain.WindowExplanation, run *event.Run) {
	x.Outcome, x.Reason = explain.WindowNotAsked, "not checked: the run was already "+string(run.Status)+" before"
	if run.Reason != "" {
		x.Reason += " (" + run.Reason + ")"
	}
}

func (a *windowReader) threshold(x *explain.WindowExplanation, w event.Window, s *event.WindowState, run *event.Run, f *explain.Forecast) error {
	span := fmt.Sprintf("%d within %s%s", w.Count, x.Length, labelOf(x))
	switch {
	case run != nil && !s.Noted:
		skippedBefore(x, run)
		return nil
	case run != nil && s.Run == run.ID:
		x.Outcome, x.Run = explain.WindowOpens, run.ID
		err := a.gathered(f, run.ID)
		x.Counted = f.Gathering.Count
		x.Reason = fmt.Sprintf("reached with this event: %d of %s", x.Counted, span)
		return err
	case run != nil:
		return a.counted(x, w, s, run, f)
	}
	o := window.ForecastOf(s, w, a.here, a.now)
	x.Counted = o.Counted
	if o.Opens {
		x.Outcome = explain.WindowOpens
		x.Reason = fmt.Sprintf("%s is reached: this event is number %d, so the rule fires", span, o.Counted)
	} else {
		x.Outcome = explain.WindowCounts
		x.Reason = fmt.Sprintf("%d of %s: this event is number %d, and the rule fires at number %d", o.Counted-1, span, o.Counted, w.Count)
	}
	return a.gather(f, o.Used)
}

// counted is a threshold that this event did not reach when it was received.
func (a *windowReader) counted(x *explain.WindowExplanation, w event.Window, s *event.WindowState, run *event.Run, f *explain.Forecast) error {
	x.Outcome, x.Run = explain.WindowCounts, s.Run
	if held := run.HeldBy(); held != nil {
		x.Counted = held.Counted
	}
	span := fmt.Sprintf("%d within %s%s", w.Count, x.Length, labelOf(x))
	x.Reason = fmt.Sprintf("%d of %s: this event was number %d, and the rule fires at number %d", x.Counted-1, span, x.Counted, w.Count)
	if s.Run == "" {
		o := window.ForecastOf(s, w, a.here, a.now)
		if o.Counted != x.Counted {
			x.Reason += fmt.Sprintf("; now %d", o.Counted)
		}
		return a.gather(f, o.Used)
	}
	x.Reason += "; used by run " + s.Run
	switch later, err := a.store.Run(a.ctx, s.Run); {
	case errors.Is(err, event.ErrNotFound):
	case err != nil:
		return err
	default:
		x.Reason += fmt.Sprintf(", started by event %s at %s", later.EventID, event.TimeText(later.Created))
	}
	return a.gathered(f, s.Run)
}

func (a *windowReader) throttle(x *explain.WindowExplanation, w event.Window, s *event.WindowState, run *event.Run, f *explain.Forecast) error {
	now, held := a.now, !window.ForecastOf(s, w, a.here, a.now).Opens
	x.Suppressed = s.Span.Suppressed
	if run != nil {
		by := run.HeldBy()
		now, held = run.Created, by != nil && by.Window == event.WindowThrottle
		switch {
		case by == nil && run.Status == event.StatusSkipped && run.Next == 0:
			skippedBefore(x, run)
			return nil
		case !held:
			x.Suppressed = run.Suppressed()
		}
	}
	f.Suppressed = x.Suppressed
	began := s.Span.Began(w.Length)
	known := !began.IsZero() && !now.Before(began) // the newest span is the one that was asked
	if known {
		x.Since = began
	}
	heldBack := fmt.Sprintf("%d held back since", x.Suppressed)
	switch {
	case !held:
		x.Outcome, x.Reason = explain.WindowOpens, "open: the rule runs"+labelOf(x)
		if x.Suppressed > 0 {
			x.Reason += "; " + heldBack + " the run before"
		}
		if run == nil && known {
			x.Reason += fmt.Sprintf("; it last ran %s before, at %s", ago(now, began), event.TimeText(began))
		}
		return nil
	case !known:
		x.Outcome, x.Reason = explain.WindowHolds, "held back: "+run.Reason
		if by := run.HeldBy(); !by.Until.IsZero() {
			x.Reason = fmt.Sprintf("held back: once in %s%s, the next from %s", x.Length, labelOf(x), event.TimeText(by.Until))
		}
		x.Suppressed, f.Suppressed = 0, 0
		return nil
	}
	x.Outcome, x.Until = explain.WindowHolds, s.Span.Until
	x.Reason = fmt.Sprintf("held back%s: the rule last ran %s before, at %s; %s; once in %s, the next from %s",
		labelOf(x), ago(now, began), event.TimeText(began), heldBack, x.Length, event.TimeText(x.Until))
	return nil
}

func (a *windowReader) digest(x *explain.WindowExplanation, w event.Window, s *event.WindowState, run *event.Run, f *explain.Forecast) error {
	switch {
	case run != nil && !s.Noted:
		skippedBefore(x, run)
		return nil
	case run != nil:
		return a.collected(x, w, s, run, f)
	case window.ForecastOf(s, w, a.here, a.now).Opens:
		x.Outcome, x.Until, x.Counted = explain.WindowOpens, a.now.Add(w.Length), 1
		x.Reason = fmt.Sprintf("this event starts a digest%s, due %s", labelOf(x), event.TimeText(x.Until))
		f.Start = x.Until
		return nil
	}
	x.Outcome, x.Until, x.Run = explain.WindowCollects, s.Span.Until, s.Span.Run
	if err := a.gathered(f, s.Span.Run); err != nil {
		return err
	}
	f.Gathering.Count++
	f.Gathering.Events = append(f.Gathering.Events, event.Gather(a.ev))
	f.Start, x.Counted = x.Until, f.Gathering.Count
	x.Reason = fmt.Sprintf("this event joins run %s%s as number %d, due %s", x.Run, labelOf(x), x.Counted, event.TimeText(x.Until))
	return nil
}

func (a *windowReader) absence(x *explain.WindowExplanation, w event.Window, s *event.WindowState, run *event.Run, f *explain.Forecast) error {
	if run != nil {
		x.Run = run.ID
	}
	x.Until = a.here.At.Add(w.Length)
	if came := w.CameAfter(s.Near, a.here); came != nil {
		x.Outcome, x.Reason = explain.WindowCame, w.Came(*came)
		return nil
	}
	x.Outcome, f.Start = explain.WindowOpens, x.Until
	x.Reason = fmt.Sprintf("the rule runs if no %s comes%s until %s", w.Of, labelOf(x), event.TimeText(x.Until))
	if a.now.After(x.Until) {
		x.Reason, f.Start = fmt.Sprintf("no %s came%s until %s", w.Of, labelOf(x), event.TimeText(x.Until)), time.Time{}
	}
	return nil
}

// collected is a digest that this event started or joined when it was
// received.
func (a *windowReader) collected(x *explain.WindowExplanation, w event.Window, s *event.WindowState, run *event.Run, f *explain.Forecast) error {
	x.Run, x.Until = s.Run, run.Created.Add(w.Length)
	x.Outcome = explain.WindowOpens
	what := "this event started run " + s.Run
	if s.Run != run.ID {
		x.Outcome, what = explain.WindowCollects, "this event joined run "+s.Run
		x.Until = time.Time{}
		switch begun, err := a.store.Run(a.ctx, s.Run); {
		case errors.Is(err, event.ErrNotFound):
		case err != nil:
			return err
		default:
			x.Until = begun.Created.Add(w.Length)
		}
	}
	if err := a.gathered(f, s.Run); err != nil {
		return err
	}
	f.Start, x.Counted = x.Until, f.Gathering.Count
	x.Reason = what + labelOf(x)
	if !x.Until.IsZero() {
		x.Reason += ", due " + event.TimeText(x.Until)
	}
	x.Reason += fmt.Sprintf("; it now has %d", x.Counted)
	return nil
}

// gathered uses the events that a run really has.
func (a *windowReader) gathered(f *explain.Forecast, run string) error {
	g, err := a.store.Gathered(a.ctx, run)
	if err != nil {
		return err
	}
	f.Gathering = g
	return nil
}

// gather reads the events that a run would have.
func (a *windowReader) gather(f *explain.Forecast, used []event.Occurrence) error {
	g := &event.Gathering{Count: len(used)}
	for _, o := range used[max(0, len(used)-event.GatherAtMost):] {
		if o.EventID == a.ev.Key() {
			g.Events = append(g.Events, event.Gather(a.ev))
			continue
		}
		rec, err := a.store.Event(a.ctx, event.RefOf(o.EventID))
		switch {
		case errors.Is(err, event.ErrNotFound):
			_, id := event.SplitKey(o.EventID)
			g.Events = append(g.Events, event.GatherGone(id, o.At))
		case err != nil:
			return err
		default:
			g.Events = append(g.Events, event.Gather(rec.Event))
		}
	}
	f.Gathering = g
	return nil
}

// alone returns only this event.
func (a *windowReader) alone() *event.Gathering {
	return &event.Gathering{Count: 1, Events: []event.Gathered{event.Gather(a.ev)}}
}

func labelOf(x *explain.WindowExplanation) string {
	if x.Key == "" {
		return ""
	}
	return " for " + x.Key
}

func ago(now, then time.Time) string {
	return units.Duration(now.Sub(then).Round(time.Second)).String()
}
