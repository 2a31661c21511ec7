package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/event"
)

// historyLines are what really happened to a stored event.
type historyLines struct {
	Received   time.Time     `json:"received"`
	Deliveries int           `json:"deliveries"`
	LastSeen   time.Time     `json:"last_seen"`
	Late       bool          `json:"late"`
	Revision   string        `json:"revision"`
	Notes      []string      `json:"notes"` // what is special, in words
	Runs       []historyRuns `json:"runs"`
}

type historyRuns struct {
	*event.Run
	Attempts []event.Attempt `json:"attempts"`
}

func linesOf(h *app.History) *historyLines {
	r := h.Record
	out := &historyLines{
		Received: r.Event.Received, Deliveries: r.Deliveries, LastSeen: r.LastSeen, Late: r.Late, Revision: r.Revision,
		Notes: []string{}, Runs: []historyRuns{},
	}
	if r.Deliveries > 1 {
		out.Notes = append(out.Notes, fmt.Sprintf("delivered %d times; only the first delivery starts runs, a duplicate never does", r.Deliveries))
	}
	if r.Late {
		out.Notes = append(out.Notes, "late: a newer event of this meeting had come before, so rules without late: run were skipped")
	}
	for _, run := range h.Runs {
		out.Runs = append(out.Runs, historyRuns{Run: run.Run, Attempts: run.Attempts})
	}
	return out
}

// history prints what really happened.
func (t *explainText) history(h *historyLines) {
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
