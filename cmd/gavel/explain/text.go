package explain

import (
	"fmt"
	"io"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/rules"
)

// printer prints an explanation for people. The first error of writing is
// kept, so that callers need to look once.
type printer struct {
	w   io.Writer
	all bool
	err error
}

// say prints one line or several, made safe for a terminal: values were typed
// by strangers.
func (t *printer) say(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintln(terminal.SafeWriter(t.w), fmt.Sprintf(format, args...))
	}
}

func (t *printer) explanation(x *api.Explanation) {
	t.say("event %s (%s), rules of revision %s", x.EventID, x.EventType, x.Revision)
	other := 0
	for _, r := range x.Rules {
		if r.Verdict == rules.VerdictOtherType && !t.all {
			other++
			continue
		}
		t.rule(r)
	}
	if other > 0 {
		t.say("\n%s to other types of event (--all shows them)", terminal.Counted(other, "rule listens", "rules listen"))
	}
	t.say("\n%s, %d not, %s", terminal.Counted(x.Count(rules.VerdictMatched), "rule matches", "rules match"),
		x.Count(rules.VerdictNoMatch)+x.Count(rules.VerdictOtherType)+x.Count(rules.VerdictDisabled),
		terminal.Counted(x.Count(rules.VerdictError), "error", "errors"))
	if x.History != nil {
		t.history(x.History)
	}
}

func (t *printer) rule(r *rules.RuleExplanation) {
	words := map[rules.RuleVerdict]string{
		rules.VerdictMatched: "✓ matches", rules.VerdictNoMatch: "✗ does not match", rules.VerdictError: "! error",
		rules.VerdictOtherType: "- other type", rules.VerdictDisabled: "- disabled",
	}
	shadow := ""
	if r.Shadow {
		shadow = " (shadow: it would be recorded, not sent)"
	}
	t.say("\n%s  %s  %s%s\n  %s", words[r.Verdict], r.Rule, r.Pos, shadow, r.Reason)
	if r.When != nil {
		t.reading(r.When, "  ")
	}
	if r.Assumed != "" {
		t.say("  %s", r.Assumed)
	}
	for _, w := range r.Windows {
		t.say("  %s: %s", w.Kind, w.Reason)
	}
	switch {
	case r.Held != "" && len(r.Actions) == 0:
		t.say("  nothing goes out: %s", r.Held)
	case r.Held != "":
		t.say("  nothing goes out for this event; with the events so far, the rule would then carry out:")
	}
	for i, a := range r.Actions {
		t.action(i, a)
	}
}

// reading prints a condition and its parts as an indented tree.
func (t *printer) reading(r *rules.Reading, indent string) {
	line := indent + r.Source + "  →  "
	switch r.State {
	case rules.ReadingError:
		line += "error: " + r.Error
	case rules.ReadingUnknown:
		line += "not known: needs " + r.Lacks()
	case rules.ReadingNotEvaluated:
		line += "not evaluated"
	default:
		line += terminal.Compact(r.Value, terminal.ShownValue)
	}
	if r.Decided && r.State != rules.ReadingUnknown {
		line += "  ◄ decided"
	}
	t.say("%s", line)
	for _, p := range r.Parts {
		t.reading(p, indent+"  ")
	}
}

func (t *printer) action(i int, a *rules.ActionExplanation) {
	words := map[rules.ActionOutlook]string{
		rules.OutlookGoesOut: "would send", rules.OutlookHeld: "held back", rules.OutlookWaits: "would wait until " + terminal.Clock(a.Until),
		rules.OutlookSkipped: "would be skipped", rules.OutlookUnknown: "may send",
		rules.OutlookError: "would fail", rules.OutlookNever: "would not be reached",
	}
	via := ""
	if a.Connection != "" {
		via = " over connection " + a.Connection
	}
	t.say("  %d. %s (%s) %s%s", i+1, a.ID, a.Kind, words[a.Outlook], via)
	if a.Reason != "" {
		t.say("     %s", a.Reason)
	}
	if a.When != nil {
		t.reading(a.When, "     ")
	}
	if a.Effect != nil {
		t.say("%s", terminal.Indented(a.Effect, "     "))
	}
}
