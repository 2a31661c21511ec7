package explain

import (
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/units"
)

// WindowExplanation says what a threshold, throttle, digest or absence does with
// the event.
type WindowExplanation struct {
	Kind   event.WindowKind `json:"kind"`
	Key    string           `json:"key,omitempty"`   // the value of per, in quotes
	Count  int              `json:"count,omitempty"` // of a threshold
	Length units.Duration   `json:"length"`
	// Basis says where the answer comes from.
	Basis   WindowBasis   `json:"basis"`
	Outcome WindowOutcome `json:"outcome"`
	// Reason is the outcome in words.
	Reason string `json:"reason"`
	// Counted is how many events a threshold or digest has, including this one.
	Counted int `json:"counted,omitempty"`
	// Suppressed is how many runs a throttle has held back so far.
	Suppressed int `json:"suppressed,omitempty"`
	// Since is when the rule last ran. Until is when a throttle ends, or a digest
	// or an absence is due.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Run is the run that the event counted for, if it is known.
	Run string `json:"run,omitempty"`
}

// WindowBasis says where an answer about a window comes from.
type WindowBasis string

// The bases.
const (
	BasisRecorded WindowBasis = "recorded" // what happened to this event
	BasisStored   WindowBasis = "stored"   // the window in the database
	BasisAssumed  WindowBasis = "assumed"  // no database
)

// WindowOutcome is what a window does with an event.
type WindowOutcome string

// The outcomes.
const (
	WindowOpens     WindowOutcome = "opens"     // the rule runs
	WindowCounts    WindowOutcome = "counts"    // the event only counts for a threshold
	WindowHolds     WindowOutcome = "holds"     // a throttle holds the run back
	WindowCollects  WindowOutcome = "collects"  // the event joins a digest
	WindowCame      WindowOutcome = "came"      // what an absence awaits has come
	WindowNotAsked  WindowOutcome = "not_asked" // an earlier window has decided
	WindowForgotten WindowOutcome = "forgotten" // the state of the window is no longer stored
)

// NewWindowExplanation begins the explanation of a window.
func NewWindowExplanation(w event.Window, b WindowBasis) *WindowExplanation {
	return &WindowExplanation{Kind: w.Kind, Key: w.Label, Count: w.Count, Length: units.Duration(w.Length), Basis: b}
}

// Forecast is what the windows of a rule do with an event, and the values that
// its actions would see.
type Forecast struct {
	Windows []*WindowExplanation // in the order in which they are checked
	// Held says why the rule does not run for this event; empty when it does.
	Held string
	// Gathering and Suppressed are not set if Unknown is.
	Gathering *event.Gathering
	// Collected is the window of a rule with a schedule.
	Collected  map[string]any
	Suppressed int
	Unknown    bool
	// Start is when the actions begin; zero means at once.
	Start time.Time
}

// assume returns the forecast without a database.
func assume(windows []event.Window, now, happened time.Time) *Forecast {
	f := &Forecast{Unknown: true}
	for _, w := range windows {
		x := NewWindowExplanation(w, BasisAssumed)
		x.Outcome = WindowOpens
		switch w.Kind {
		case event.WindowThreshold:
			x.Reason = fmt.Sprintf("no database: the count so far%s is unknown; assuming this is event %d within %s",
				x.forKey(), w.Count, x.Length)
		case event.WindowThrottle:
			x.Reason = fmt.Sprintf("no database: the last run%s is unknown; assuming it was more than %s ago", x.forKey(), x.Length)
		case event.WindowDigest:
			x.Reason = fmt.Sprintf("no database: the events collected%s are unknown; assuming this is the first, with the actions %s later",
				x.forKey(), x.Length)
			f.Start = now.Add(w.Length)
		case event.WindowAbsence:
			f.Start = happened.Add(w.Length)
			x.Until = f.Start
			x.Reason = fmt.Sprintf("no database: assuming that no %s comes%s until %s", w.Of, x.forKey(), event.TimeText(x.Until))
		}
		f.Windows = append(f.Windows, x)
	}
	return f
}

func (x *WindowExplanation) forKey() string {
	if x.Key == "" {
		return ""
	}
	return " for " + x.Key
}

// windows evaluates the windows of a matching rule. If that fails, it puts the
// error into out and returns nil.
func (x *Explainer) windows(r *rules.Rule, ev *event.Event, o ExplainOptions, out *RuleExplanation) *Forecast {
	if o.Late && r.Late != rules.LateRun {
		out.Held = "late: a newer event of its meeting came first, and the rule does not set late: run"
		return nil
	}
	if about := aboutMemory(r, o); about != "" {
		out.Assumed = about
	}
	if o.Windows == nil && r.Recalls() && ev.HasMeeting() {
		out.Assumed = "no database: earlier events of this meeting are unknown; assuming this is the first"
	}
	if r.Schedule != nil {
		return x.scheduled(r, ev, o, out)
	}
	if !r.HasWindows() {
		return &Forecast{}
	}
	asked, err := r.Windows(x.set.Scope(r, ev, language.ScopeOptions{Now: ev.Received}))
	if err != nil {
		out.Verdict = VerdictError
		out.Reason = "the window cannot be evaluated: " + x.set.Redact(err.Error())
		return nil
	}
	for i := range asked {
		asked[i].Label = x.set.Redact(asked[i].Label)
	}
	var f *Forecast
	if o.Windows != nil {
		f = o.Windows(r, asked)
	}
	if f == nil {
		f = assume(asked, o.Now, ev.Timestamp)
	}
	out.Windows, out.Held = f.Windows, f.Held
	return f
}

// windowCollect is what a rule with a schedule reports on.
const windowCollect event.WindowKind = "collect"

// scheduled says what the run of a schedule reports on.
func (x *Explainer) scheduled(r *rules.Rule, due *event.Event, o ExplainOptions, out *RuleExplanation) *Forecast {
	out.Reason += "; next due " + dueText(r.Schedule, o.Now)
	if r.Schedule.Missed(due) {
		out.Held = "missed: it was due at " + event.TimeText(due.Own.Due) + "; if_missed is skip"
	}
	if r.Collect == nil {
		return &Forecast{}
	}
	c := x.set.Collect(r, due)
	w := &WindowExplanation{Kind: windowCollect, Length: units.Duration(c.Until.Sub(c.Since)), Basis: BasisStored, Outcome: WindowOpens, Since: c.Since, Until: c.Until}
	out.Windows = append(out.Windows, w)
	period := "received from " + event.TimeText(c.Since) + " until " + event.TimeText(c.Until)
	if o.Collect == nil {
		w.Basis, w.Reason = BasisAssumed, "no database: the events "+period+" are unknown"
		return &Forecast{Unknown: true}
	}
	if err := o.Collect(c); err != nil {
		w.Basis, w.Reason = BasisAssumed, "the events "+period+" could not be read: "+x.set.Redact(err.Error())
		return &Forecast{Unknown: true}
	}
	w.Counted = c.Count()
	w.Reason = fmt.Sprintf("%d events %s", w.Counted, period)
	if w.Counted == 1 {
		w.Reason = "1 event " + period
	}
	for _, note := range c.Notes() {
		w.Reason += "; " + x.set.Redact(note)
	}
	return &Forecast{Collected: c.Window()}
}

func dueText(s *rules.Schedule, after time.Time) string {
	return s.Next(after).In(s.Zone()).Format("Mon 2006-01-02 15:04 MST")
}
