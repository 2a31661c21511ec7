package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
)

// Wake returns when a wait ends. A year after 9999 is an error, because JSON
// cannot encode it.
func Wake(w params.Waiter, scope *language.Scope, now, since time.Time) (params.Wake, error) {
	wake, err := w.Wait(scope, now, since)
	if year := wake.At.Year(); err == nil && (year > 9999 || year < 1) {
		return params.Wake{}, fmt.Errorf("the wait would end in year %d; the latest possible year is 9999", year)
	}
	return wake, err
}

// waitingSince returns when the run reached the wait with the given id; now if
// it has just reached it.
func waitingSince(run *event.Run, id string, now time.Time) time.Time {
	if state, reached := WaitOf(run, id); reached {
		return state.Since
	}
	return now
}

// WaitOf returns the state of a wait that the run has reached.
func WaitOf(run *event.Run, id string) (state Wait, reached bool) {
	raw, ok := run.Results[id]
	if !ok {
		return Wait{}, false
	}
	if !state.decode(raw) {
		state = Wait{}
		if json.Unmarshal(raw, &state) != nil {
			return Wait{}, false
		}
	}
	if state.Until.IsZero() {
		return Wait{}, false
	}
	return state, true
}

// Wait is the stored state of a wait, and its result for later actions.
type Wait struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// Then is the action to continue with, if a run waits again after the wait
	// had ended; 0 means the one after the wait.
	Then int `json:"then,omitempty"`
}

// The parts of an encoded Wait. Encode and decode do by hand, for a back-test
// over many waits, what encoding/json does.
const (
	sinceMark = `{"since":"`
	untilMark = `","until":"`
	thenMark  = `","then":`
)

// Encode returns the state as JSON; nil if a time has no JSON form.
func (w Wait) Encode() json.RawMessage {
	out := append(make([]byte, 0, 96), sinceMark...)
	out, err := w.Since.AppendText(out)
	if err != nil {
		return nil
	}
	if out, err = w.Until.AppendText(append(out, untilMark...)); err != nil {
		return nil
	}
	if w.Then == 0 {
		return append(out, `"}`...)
	}
	return append(strconv.AppendInt(append(out, thenMark...), int64(w.Then), 10), '}')
}

// decode reads what Encode has written. It returns false, and leaves w in any
// state, for JSON of any other form.
func (w *Wait) decode(raw []byte) bool {
	rest, ok := bytes.CutPrefix(raw, []byte(sinceMark))
	since, rest, found := bytes.Cut(rest, []byte(untilMark))
	if !ok || !found || w.Since.UnmarshalText(since) != nil {
		return false
	}
	until, then, more := bytes.Cut(rest, []byte(thenMark))
	if !more {
		if until, found = bytes.CutSuffix(rest, []byte(`"}`)); !found {
			return false
		}
		return w.Until.UnmarshalText(until) == nil
	}
	number, found := bytes.CutSuffix(then, []byte("}"))
	n, err := strconv.Atoi(string(number))
	w.Then = n
	return found && err == nil && w.Until.UnmarshalText(until) == nil
}
