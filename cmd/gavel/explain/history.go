package explain

import (
	"fmt"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
)

// history prints what really happened.
func (t *printer) history(h *api.History) {
	t.say("\nWhat really happened (received %s, rules of revision %s):", terminal.Clock(h.Received), h.Revision)
	for _, note := range h.Notes {
		t.say("  %s", note)
	}
	if len(h.Runs) == 0 {
		t.say("  no rule matched; nothing was started")
	}
	for _, run := range h.Runs {
		line := fmt.Sprintf("  %s  %s  %s", run.Rule, run.Status, run.ID)
		if run.Reason != "" {
			line += "  " + run.Reason
		}
		t.say("%s", line)
		for _, a := range run.Attempts {
			line := fmt.Sprintf("    %s  %s  %s", terminal.Clock(a.Started), terminal.ActionOf(a), a.Outcome)
			if a.Reason != "" {
				line += "  " + a.Reason
			}
			t.say("%s", line)
		}
	}
}
