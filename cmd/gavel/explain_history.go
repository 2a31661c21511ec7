package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gavel-rules/gavel/api"
)

// history prints what really happened.
func (t *explainText) history(h *api.History) {
	t.say("\nWhat really happened (received %s, rules of revision %s):", clock(h.Received), h.Revision)
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
			line := fmt.Sprintf("    %s  %s  %s", clock(a.Started), actionOf(a), a.Outcome)
			if a.Reason != "" {
				line += "  " + a.Reason
			}
			t.say("%s", line)
		}
	}
}

// compact writes JSON on one line, as people read it.
func compact(raw json.RawMessage, limit int) string {
	text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(raw))
	if r := []rune(text); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return text
}
