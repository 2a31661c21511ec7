package window

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Decide decides what the windows of a rule make of a run that an event starts,
// and writes it into the run: it continues, it is skipped because it only counts,
// or it sleeps and collects. Both stores and the simulation of a back-test
// decide by it.
//
//	threshold  the run continues when, with this event, Count events that no run
//	           has used yet lie within Length by their own times. They are then
//	           used, so that the count begins anew. A late event counts at its
//	           own time.
//	throttle   the run continues unless another has gone on less than Length ago,
//	           by the time of acceptance.
//	digest     the first event starts a run that sleeps for Length; the events
//	           that come meanwhile join it.
//	absence    the run sleeps until Length after the event's own time, unless an
//	           event that is awaited has come after it already. Those that come
//	           meanwhile end it; see event.Ending.
func Decide(book Book, p *event.PlannedRun, run *event.Run, here event.Occurrence, now time.Time) error {
	for _, w := range p.Windows {
		var err error
		switch w.Kind {
		case event.WindowThreshold:
			err = settleThreshold(book, w, run, here)
		case event.WindowThrottle:
			err = settleThrottle(book, w, run, now)
		case event.WindowDigest:
			err = settleDigest(book, w, run, here, now)
		case event.WindowAbsence:
			err = settleAbsence(book, w, run, here, now)
		}
		if err != nil {
			return fmt.Errorf("%s of rule %q: %w", w.Kind, w.Rule, err)
		}
		if run.Status != event.StatusPending {
			break
		}
	}
	if run.Status.Done() && run.Finished.IsZero() {
		run.Finished = now
	}
	if run.Status != event.StatusPending {
		run.Lanes = nil
	}
	return nil
}

func settleThreshold(book Book, w event.Window, run *event.Run, here event.Occurrence) error {
	scope := w.Scope()
	near, err := book.Near(scope, here.At, w.Length, w.Count)
	if err != nil {
		return err
	}
	used, best := reached(w, near, here)
	if used == nil {
		skip(run, event.Held{Window: w.Kind, Counted: best}, fmt.Sprintf("threshold: %d of %d within %s%s", best, w.Count, length(w.Length), forLabel(w)))
		return book.Note(scope, here, "")
	}
	if err := book.Note(scope, here, run.ID); err != nil {
		return err
	}
	others := slices.DeleteFunc(used, func(o event.Occurrence) bool { return o.Seq == here.Seq })
	run.Reason = fmt.Sprintf("threshold: %d within %s%s", len(others)+1, length(w.Length), forLabel(w))
	return book.Use(scope, others, run.ID)
}

// reached returns the occurrences of the earliest stretch of the window's
// length that holds here and reaches the count; nil if there is none, and then
// how many the fullest one holds.
func reached(w event.Window, near []event.Occurrence, here event.Occurrence) (used []event.Occurrence, best int) {
	all := append(slices.Clone(near), here)
	slices.SortStableFunc(all, func(a, b event.Occurrence) int { return a.At.Compare(b.At) })
	for i, first := range all {
		if first.At.After(here.At) {
			break
		}
		if here.At.Sub(first.At) > w.Length {
			continue
		}
		end := i
		for end < len(all) && all[end].At.Sub(first.At) <= w.Length {
			end++
		}
		if end-i >= w.Count {
			return slices.Clone(all[i:end]), end - i
		}
		best = max(best, end-i)
	}
	return nil, best
}

func settleThrottle(book Book, w event.Window, run *event.Run, now time.Time) error {
	scope := w.Scope()
	span, err := book.Span(scope)
	if err != nil {
		return err
	}
	if holds(span, now) {
		span.Suppressed++
		skip(run, event.Held{Window: w.Kind, Until: span.Until}, fmt.Sprintf("throttled: once in %s%s, the next from %s", length(w.Length), forLabel(w), event.TimeText(span.Until)))
		return book.SetSpan(scope, span)
	}
	if err := run.SetSuppressed(span.Suppressed); err != nil {
		return err
	}
	return book.SetSpan(scope, event.Span{Until: now.Add(w.Length)})
}

func settleDigest(book Book, w event.Window, run *event.Run, here event.Occurrence, now time.Time) error {
	scope := w.Scope()
	span, err := book.Span(scope)
	if err != nil {
		return err
	}
	open := collects(span, now)
	if open {
		// Its process may have claimed it early, by a clock that is ahead.
		if open, err = book.Sleeps(span.Run); err != nil {
			return err
		}
	}
	if open {
		skip(run, event.Held{Window: w.Kind}, "in the digest of run "+span.Run+", due "+event.TimeText(span.Until))
		return book.Note(scope, here, span.Run)
	}
	run.Status, run.Due = event.StatusWaiting, now.Add(w.Length)
	run.Reason = "digest: collects events until " + event.TimeText(run.Due) + forLabel(w)
	if err := book.SetSpan(scope, event.Span{Until: run.Due, Run: run.ID}); err != nil {
		return err
	}
	return book.Note(scope, here, run.ID)
}

func settleAbsence(book Book, w event.Window, run *event.Run, here event.Occurrence, now time.Time) error {
	scope := w.Scope()
	near, err := book.Near(scope, here.At, w.Length, 1)
	if err != nil {
		return err
	}
	if came := w.CameAfter(near, here); came != nil {
		skip(run, event.Held{Window: w.Kind}, "absence: "+w.Came(*came))
		return nil
	}
	due := here.At.Add(w.Length)
	if due.After(now) {
		run.Status, run.Due = event.StatusWaiting, due
		run.Reason = "absence: waits until " + event.TimeText(due) + " for " + w.Of + forLabel(w)
	} else {
		run.Reason = "absence: no " + w.Of + forLabel(w) + " until " + event.TimeText(due)
	}
	return book.Note(scope, here, run.ID)
}

func skip(run *event.Run, by event.Held, reason string) {
	run.Status, run.HeldBack, run.Reason = event.StatusSkipped, &by, reason
}

func forLabel(w event.Window) string {
	if w.Label == "" {
		return ""
	}
	return " for " + w.Label
}

// length writes a duration without its zero parts.
func length(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
