package query

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// AllStates selects issues in any state.
const AllStates = "all"

// ParseIssues reads which issues to list: those that are open or muted, unless
// state says otherwise.
func ParseIssues(values url.Values, now time.Time) (api.IssueQuery, error) {
	p := &Parser{Values: values, Now: now}
	q := api.IssueQuery{Rule: p.Text("rule"), Connection: p.Text("connection")}
	switch state := p.Text("state"); state {
	case "":
	case AllStates:
		q.States = event.IssueStates()
	default:
		for name := range strings.SplitSeq(state, ",") {
			s := event.IssueState(strings.TrimSpace(name))
			if !slices.Contains(event.IssueStates(), s) {
				p.Fail("state", "must be open, muted, resolved or all, or several of them with commas")
			}
			q.States = append(q.States, s)
		}
	}
	return q, p.Err
}

// IssuePath returns the address of the page of an issue.
func IssuePath(id string) string { return "/issues/" + url.PathEscape(id) }
