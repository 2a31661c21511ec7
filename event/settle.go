package event

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Settle decides what the windows of a rule make of a run that an event starts,
// and writes it into the run: it goes on, it is skipped because it only counts,
// or it sleeps and collects. Both stores and the simulation of a back-test
// decide by it.
//
//	threshold  the run goes on when, with this event, Count events that no run
//	           has used yet lie within Length by their own times. They are then
//	           used, so that the count begins anew. A late event counts at its
//	           own time.
//	throttle   the run goes on unless another has gone on less than Length ago,
//	           by the time of acceptance.
//	digest     the first event starts a run that sleeps for Length; the events
//	           that come meanwhile join it.
func Settle(book WindowBook, p *PlannedRun, run *Run, here Occurrence, now time.Time) error {
	for _, w := range p.Windows {
		var err error
		switch w.Kind {
		case WindowThreshold:
			err = settleThreshold(book, w, run, here)
		case WindowThrottle:
			err = settleThrottle(book, w, run, now)
		case WindowDigest:
			err = settleDigest(book, w, run, here, now)
		}
		if err != nil {
			return fmt.Errorf("%s of rule %q: %w", w.Kind, w.Rule, err)
		}
		if run.Status != StatusPending {
			break
		}
	}
	if run.Status.Done() && run.Finished.IsZero() {
		run.Finished = now
	}
	if run.Status != StatusPending {
		run.Lanes = nil
	}
	return nil
}

func settleThreshold(book WindowBook, w Window, run *Run, here Occurrence) error {
	scope := w.Scope()
	near, err := book.Near(scope, here.At, w.Length, w.Count)
	if err != nil {
		return err
	}
	used, best := w.reached(near, here)
	if used == nil {
		skip(run, Held{Window: w.Kind, Counted: best}, fmt.Sprintf("threshold: %d of %d within %s%s", best, w.Count, length(w.Length), w.forLabel()))
		return book.Note(scope, here, "")
	}
	if err := book.Note(scope, here, run.ID); err != nil {
		return err
	}
	others := slices.DeleteFunc(used, func(o Occurrence) bool { return o.Seq == here.Seq })
	run.Reason = fmt.Sprintf("threshold: %d within %s%s", len(others)+1, length(w.Length), w.forLabel())
	return book.Use(scope, others, run.ID)
}

// reached returns the occurrences of the earliest stretch of the window's
// length that holds here and reaches the count; nil if there is none, and then
// how many the fullest one holds.
func (w Window) reached(near []Occurrence, here Occurrence) (used []Occurrence, best int) {
	all := append(slices.Clone(near), here)
	slices.SortStableFunc(all, func(a, b Occurrence) int { return a.At.Compare(b.At) })
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

func settleThrottle(book WindowBook, w Window, run *Run, now time.Time) error {
	scope := w.Scope()
	span, err := book.Span(scope)
	if err != nil {
		return err
	}
	if span.holds(now) {
		span.Suppressed++
		skip(run, Held{Window: w.Kind, Until: span.Until}, fmt.Sprintf("throttled: once in %s%s, the next from %s", length(w.Length), w.forLabel(), TimeText(span.Until)))
		return book.SetSpan(scope, span)
	}
	if err := keepSuppressed(run, span.Suppressed); err != nil {
		return err
	}
	return book.SetSpan(scope, Span{Until: now.Add(w.Length)})
}

func settleDigest(book WindowBook, w Window, run *Run, here Occurrence, now time.Time) error {
	scope := w.Scope()
	span, err := book.Span(scope)
	if err != nil {
		return err
	}
	open := span.collects(now)
	if open {
		// Its process may have claimed it early, by a clock that is ahead.
		if open, err = book.Sleeps(span.Run); err != nil {
			return err
		}
	}
	if open {
		skip(run, Held{Window: w.Kind}, fmt.Sprintf("collected for run %s, due %s", span.Run, TimeText(span.Until)))
		return book.Note(scope, here, span.Run)
	}
	run.Status, run.Due = StatusWaiting, now.Add(w.Length)
	run.Reason = fmt.Sprintf("digest: collects events until %s%s", TimeText(run.Due), w.forLabel())
	if err := book.SetSpan(scope, Span{Until: run.Due, Run: run.ID}); err != nil {
		return err
	}
	return book.Note(scope, here, run.ID)
}

func skip(run *Run, by Held, reason string) {
	run.Status, run.HeldBack, run.Reason = StatusSkipped, &by, reason
}

// throttleResult is where a run keeps what its throttle has held back. No
// action has such an id.
const throttleResult = "#throttle"

type throttled struct {
	Suppressed int `json:"suppressed"`
}

func keepSuppressed(run *Run, n int) error {
	if n == 0 {
		return nil
	}
	raw, err := json.Marshal(throttled{n})
	if err != nil {
		return fmt.Errorf("keep the count: %w", err)
	}
	results := map[string]json.RawMessage{throttleResult: raw}
	maps.Copy(results, run.Results)
	run.Results = results
	return nil
}

// Suppressed is how many runs a throttle has held back since the one before
// this.
func (r *Run) Suppressed() int {
	var t throttled
	if raw, ok := r.Results[throttleResult]; ok && json.Unmarshal(raw, &t) == nil {
		return t.Suppressed
	}
	return 0
}

func (w Window) forLabel() string {
	if w.Label == "" {
		return ""
	}
	return " for " + w.Label
}

// keyName stands for a key in the store: it fits any index, and a key may be
// an address that must not be read there.
func keyName(key string) string {
	if key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
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
