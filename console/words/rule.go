package words

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/api"
)

// ActionWords says what an action of a rule does, such as "Slack #sales" or
// "POST crm.example/contacts".
func ActionWords(a api.Action) string {
	switch {
	case a.Kind == "slack":
		return "Slack " + a.Aim
	case a.Kind == "email":
		return "Email to " + a.Aim
	case a.Kind == "wait":
		return "Wait " + a.Aim
	case a.Kind == "log":
		return "Line in the log"
	case a.Kind == "stop":
		return "End the run: " + a.Aim
	case a.Kind == "for_each":
		return "For each of " + a.Aim
	case a.Kind == "chain":
		return "The steps of chain " + a.Aim
	case a.Kind == "outputs":
		return "What chain " + a.Aim + " returns"
	case a.Kind == "steps" && a.When == "":
		return "The actions below"
	case a.Kind == "steps":
		return "The actions below, on a condition"
	case a.Aim != "":
		return a.Aim
	}
	return a.Kind
}

// RuleSentence says what a rule does.
func RuleSentence(r api.Rule) string {
	var events []string
	for _, e := range r.Events {
		events = append(events, EventName(e))
	}
	text := "On “" + strings.Join(events, "” or “") + "”"
	if r.Schedule != nil {
		text = "By schedule, " + r.Schedule.Text
	}
	if r.When != "" {
		text += ", if its condition is true"
	}
	for _, g := range r.Gathers {
		text += ", " + g.Text
		if g.Per != "" {
			text += " for each " + g.Per
		}
	}
	var steps []string
	for _, a := range r.Actions {
		if slices.Contains([]string{"steps", "for_each", "chain", "outputs"}, a.Kind) {
			continue
		}
		words := ActionWords(a)
		if a.When != "" || a.Depth > 0 {
			words += " (on a condition)"
		}
		steps = append(steps, words)
	}
	return text + ": " + strings.Join(steps, ", then ") + "."
}

// Numbered puts the number of its line before each line of a text that begins at
// line first.
func Numbered(text string, first int) string {
	lines := strings.Split(text, "\n")
	width := len(strconv.Itoa(first + len(lines) - 1))
	for i, line := range lines {
		lines[i] = fmt.Sprintf("%*d  %s", width, first+i, line)
	}
	return strings.Join(lines, "\n")
}
