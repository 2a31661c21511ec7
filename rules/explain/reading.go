package explain

import (
	"encoding/json"
	"errors"
	"reflect"
	"strconv"

	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
)

// Reading is an expression with its value for one event, and the readings of
// its parts.
type Reading struct {
	// Source is the text of the part as its author wrote it.
	Source string       `json:"source"`
	State  ReadingState `json:"state"`
	// Value is JSON with secrets hidden; only set if State is value.
	Value json.RawMessage `json:"value,omitempty"`
	// Clipped says that Value is the beginning of a longer value.
	Clipped bool   `json:"clipped,omitempty"`
	Error   string `json:"error,omitempty"`
	// Needs is the id of the action whose result is not known. NeedsWindow is
	// the name (window or throttle) that needs a database.
	Needs       string `json:"needs,omitempty"`
	NeedsWindow string `json:"needs_window,omitempty"`
	// Decided marks the parts that decided the value of the whole.
	Decided bool       `json:"decided,omitempty"`
	Parts   []*Reading `json:"parts,omitempty"`
}

// ReadingState says whether a reading has a value, and why not.
type ReadingState string

// The states of a Reading.
const (
	ReadingValue        ReadingState = "value"
	ReadingError        ReadingState = "error"         // evaluating it failed; that is not false
	ReadingUnknown      ReadingState = "unknown"       // it needs a value that is not known
	ReadingNotEvaluated ReadingState = "not_evaluated" // an earlier part has decided
)

// True reports whether the value is true.
func (r *Reading) True() bool { return r.State == ReadingValue && string(r.Value) == "true" }

// False reports whether the value is false.
func (r *Reading) False() bool { return r.State == ReadingValue && string(r.Value) == "false" }

// Because returns the first part that decided, which is r itself if it has no
// parts, or nil.
func (r *Reading) Because() *Reading {
	if r.Decided {
		return r
	}
	for _, p := range r.Parts {
		if found := p.Because(); found != nil {
			return found
		}
	}
	return nil
}

// Lacks says in words what is not known, or "".
func (r *Reading) Lacks() string {
	if r.State != ReadingUnknown {
		return ""
	}
	return (&language.UnknownError{Action: r.Needs, Window: r.NeedsWindow}).Needs()
}

// maxReading is the longest value shown, in bytes of JSON.
const maxReading = 2 << 10

// read evaluates the probe and its parts as the whole expression would.
func (p *probe) read(s *language.Scope, gate *privacy.Gate) *Reading {
	r := &Reading{Source: p.source}
	p.fill(r, s, gate)
	decided := false
	for i, part := range p.parts {
		if decided || p.logic == "?:" && i > 0 && !p.taken(r.Parts[0], i) {
			r.Parts = append(r.Parts, part.unread())
			continue
		}
		x := part.read(s, gate)
		r.Parts = append(r.Parts, x)
		decided = p.decides(x)
	}
	return r
}

// decides reports whether the parts after this one are not evaluated.
func (p *probe) decides(part *Reading) bool {
	switch p.logic {
	case "and":
		return part.False() || part.State == ReadingError
	case "or":
		return part.True() || part.State == ReadingError
	case "??":
		return part.State == ReadingValue && !p.emptyLeft(part) || part.State == ReadingError
	}
	return false
}

// emptyLeft reports whether the left side of ?? is absent. Empty text or an
// empty list is, unless its type is unknown.
func (p *probe) emptyLeft(part *Reading) bool {
	value := string(part.Value)
	if value == "null" {
		return true
	}
	left := p.parts[0].prog
	return left != nil && left.IsAbsent(value)
}

// taken reports whether branch i of a conditional is evaluated.
func (*probe) taken(condition *Reading, i int) bool {
	return i == 1 && condition.True() || i == 2 && condition.False()
}

func (p *probe) unread() *Reading { return &Reading{Source: p.source, State: ReadingNotEvaluated} }

// fill evaluates the probe as a whole.
func (p *probe) fill(r *Reading, s *language.Scope, gate *privacy.Gate) {
	if p.prog == nil {
		r.State, r.Error = ReadingError, "this part cannot be evaluated alone"
		return
	}
	v, err := p.prog.Run(s)
	var unknown *language.UnknownError
	var failed *language.EvalError
	switch {
	case errors.As(err, &unknown):
		r.State, r.Needs, r.NeedsWindow = ReadingUnknown, unknown.Action, unknown.Window
		return
	case errors.As(err, &failed):
		r.State, r.Error = ReadingError, gate.Text(failed.Err.Error())
		return
	case err != nil:
		r.State, r.Error = ReadingError, gate.Text(err.Error())
		return
	}
	r.State = ReadingValue
	r.Value, r.Clipped = valueJSON(v, gate)
}

// valueJSON encodes a value for display and clips it to maxReading.
func valueJSON(v any, gate *privacy.Gate) (json.RawMessage, bool) {
	if r := reflect.ValueOf(v); (r.Kind() == reflect.Slice || r.Kind() == reflect.Map) && r.Len() > maxReading {
		return json.RawMessage(strconv.Quote(strconv.Itoa(r.Len()) + " values")), true
	}
	plain, err := eval.PlainValue(v)
	if err != nil {
		plain = eval.Display(v)
	}
	content, err := eval.JsonText(plain)
	if err != nil {
		content = "null"
	}
	if content = string(gate.JSON(json.RawMessage(content))); len(content) <= maxReading {
		return json.RawMessage(content), false
	}
	clipped, err := eval.JsonText(text.Clip(content, maxReading/4))
	if err != nil {
		return json.RawMessage("null"), true
	}
	return json.RawMessage(clipped), true
}

// mark finds the parts that decided a condition: for a false "and" the part
// that is false, for a true one all parts.
func (r *Reading) mark(p *probe) {
	var stop func(*Reading) bool
	switch p.logic {
	case "and":
		stop = func(x *Reading) bool { return x.False() || x.State != ReadingValue }
	case "or":
		stop = func(x *Reading) bool { return x.True() || x.State != ReadingValue }
	case "not":
		stop = func(*Reading) bool { return true }
	}
	if stop == nil || len(r.Parts) == 0 {
		r.Decided = true
		if p.shared && len(r.Parts) == 1 {
			r.Parts[0].mark(p.parts[0])
		}
		return
	}
	for i, x := range r.Parts {
		if stop(x) {
			x.mark(p.parts[i])
			return
		}
	}
	for i, x := range r.Parts {
		x.mark(p.parts[i])
	}
}
