package explain

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/rules/explain"
)

// printer prints an explanation as text. It keeps the first write error, so
// that callers check once.
type printer struct {
	w   io.Writer
	all bool
	err error
}

// say prints text, made safe for a terminal because values are untrusted.
func (t *printer) say(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintln(terminal.SafeWriter(t.w), fmt.Sprintf(format, args...))
	}
}

func (t *printer) explanation(x *api.Explanation) {
	t.say("event %s (%s), rules of revision %s", x.EventID, x.EventType, x.Revision)
	other := 0
	for _, r := range x.Rules {
		if r.Verdict == explain.VerdictOtherType && !t.all {
			other++
			continue
		}
		t.rule(r)
	}
	if other > 0 {
		t.say("\n%s to other types of event (--all shows them)", terminal.Counted(other, "rule listens", "rules listen"))
	}
	t.say("\n%s, %d not, %s", terminal.Counted(x.Count(explain.VerdictMatched), "rule matches", "rules match"),
		x.Count(explain.VerdictNoMatch)+x.Count(explain.VerdictOtherType)+x.Count(explain.VerdictDisabled),
		terminal.Counted(x.Count(explain.VerdictError), "error", "errors"))
	if x.History != nil {
		t.history(x.History)
	}
}

func (t *printer) rule(r *explain.RuleExplanation) {
	words := map[explain.RuleVerdict]string{
		explain.VerdictMatched: "✓ matches", explain.VerdictNoMatch: "✗ does not match", explain.VerdictError: "! error",
		explain.VerdictOtherType: "- other type", explain.VerdictDisabled: "- disabled",
	}
	shadow := ""
	if r.Shadow {
		shadow = " (shadow: it would be recorded, not sent)"
	}
	t.say("\n%s  %s  %s%s\n  %s", words[r.Verdict], r.Rule, r.Pos, shadow, r.Reason)
	if r.Ignored != nil {
		t.reading(r.Ignored, "  ")
	} else if r.When != nil {
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
		t.say("  nothing is sent: %s", r.Held)
	case r.Held != "":
		t.say("  nothing is sent for this event; with the events so far, the rule would then carry out:")
	}
	for i, a := range r.Actions {
		t.action(i, a)
	}
}

// reading prints a condition and its parts as an indented tree.
func (t *printer) reading(r *explain.Reading, indent string) {
	line := indent + r.Source + "  →  "
	switch r.State {
	case explain.ReadingError:
		line += "error: " + r.Error
	case explain.ReadingUnknown:
		line += "not known: needs " + r.Lacks()
	case explain.ReadingNotEvaluated:
		line += "not evaluated"
	default:
		line += terminal.Compact(r.Value, terminal.ShownValue)
	}
	if r.Decided && r.State != explain.ReadingUnknown {
		line += "  ◄ decided"
	}
	t.say("%s", line)
	for _, p := range r.Parts {
		t.reading(p, indent+"  ")
	}
}

func (t *printer) action(i int, a *explain.ActionExplanation) {
	words := map[explain.ActionOutlook]string{
		explain.OutlookGoesOut: "would send", explain.OutlookHeld: "held back", explain.OutlookWaits: "would wait until " + terminal.Clock(a.Until),
		explain.OutlookSkipped: "would be skipped", explain.OutlookUnknown: "may send",
		explain.OutlookError: "would fail", explain.OutlookNever: "would not be reached",
		explain.OutlookEnters: "would carry out these:", explain.OutlookStops: "would end the run", explain.OutlookReturns: "would return",
	}
	via := ""
	if a.Connection != "" {
		via = " via connection " + a.Connection
	}
	word := words[a.Outlook]
	if a.Outlook == explain.OutlookUnknown && slices.Contains([]string{"steps", "stop", "for_each", "chain", "outputs"}, a.Kind) {
		word = "may apply"
	}
	margin := strings.Repeat("   ", a.Depth)
	t.say("  %s%d. %s (%s) %s%s", margin, i+1, a.ID, a.Kind, word, via)
	margin += "     "
	if a.Reason != "" {
		t.say("%s%s", margin, a.Reason)
	}
	if a.When != nil {
		t.reading(a.When, margin)
	}
	if a.Effect != nil {
		t.say("%s", terminal.Indented(a.Effect, margin))
	}
}
