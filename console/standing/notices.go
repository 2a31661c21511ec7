package standing

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/words"
)

// behind is how long a run may be overdue before it is a problem.
const behind = time.Minute

// The runbook of the console itself, which needs no connection to the internet.
const (
	runbook  = "/docs/runbook.html"
	whatToDo = "What to do"
)

// entries are the entries of the runbook for warnings that have one.
var entries = map[string]string{
	"archive": "#old-events-cannot-be-archived",
	"backup":  "#backups-fail",
	"clock":   "#the-clock-is-wrong",
}

// Notices lists what is wrong, the worst first.
func (s *Standing) Notices() []words.Notice {
	var list []words.Notice
	for _, name := range slices.Sorted(maps.Keys(s.Checks)) {
		if s.Checks[name] != "" {
			list = append(list, words.Notice{Bad: true, Text: "Not ready: " + name + ": " + s.Checks[name] + ".", Link: runbook, More: whatToDo})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Warnings)) {
		list = append(list, words.Notice{Text: s.Warnings[name], Link: runbook + entries[name], More: whatToDo})
	}
	source := words.SourceNotices(&s.Source, s.Now)
	for _, name := range slices.Sorted(maps.Keys(source)) {
		list = append(list, source[name])
	}
	if !s.Load.OK {
		list = append(list, words.Notice{
			Bad: true, Text: "The rules on disk have errors. The previous rules are still active.",
			Link: "/rules", More: "See what is wrong",
		})
	}
	list = append(list, connectionNotices(s.Connections, s.Now)...)
	if due := s.Counts.OldestDue; !due.IsZero() && s.Now.Sub(due) > behind {
		list = append(list, words.Notice{
			Unwell: true, Text: "Gavel is behind: the oldest due run was due " + words.Lasting(s.Now.Sub(due)) + " ago.",
			Link: "/runs?status=pending", More: "See what is due",
		})
	}
	if s.OpenIssues > 0 {
		list = append(list, s.failing())
	}
	if n := s.refused(); n.Text != "" {
		list = append(list, n)
	}
	slices.SortStableFunc(list, func(a, b words.Notice) int {
		switch {
		case a.Bad == b.Bad:
			return 0
		case a.Bad:
			return -1
		}
		return 1
	})
	return list
}

// failing says how much is failed now. What was retried with success, resolved or
// muted is no problem.
func (s *Standing) failing() words.Notice {
	runs, issues := "1 run is failed", "1 open issue"
	if s.Failing > 1 {
		runs = words.Number(s.Failing) + " runs are failed"
	}
	if s.OpenIssues > 1 {
		issues = words.Number(s.OpenIssues) + " open issues"
	}
	return words.Notice{Unwell: true, Text: runs + " now, in " + issues + ".", Link: "/issues", More: "See why, and retry"}
}

// refused counts the requests of the last day that were refused, without those to
// other addresses than that of the webhook: scanners send them to every server.
func (s *Standing) refused() words.Notice {
	sum, parts := 0, []string{}
	for _, r := range s.Day.Refused {
		if r.Reason != "not_found" {
			sum += r.Count
			parts = append(parts, words.Number(r.Count)+" "+r.Text)
		}
	}
	if sum == 0 {
		return words.Notice{}
	}
	text := "1 request was refused in the last 24 hours: "
	if sum > 1 {
		text = words.Number(sum) + " requests were refused in the last 24 hours: "
	}
	return words.Notice{Text: text + strings.Join(parts, ", ") + ".", Link: "/refused", More: "See from where, and what to do"}
}

// connectionNotices says which connections are paused, and until when.
func connectionNotices(connections []api.Connection, now time.Time) []words.Notice {
	var list []words.Notice
	for _, conn := range connections {
		switch {
		case conn.Breaker == backend.BreakerOpen:
			n := words.Notice{
				Bad: true, Text: fmt.Sprintf("Connection %s keeps failing and is paused. Its runs wait.", conn.Name),
				Link: "/runs?status=pending", More: "Show waiting runs",
			}
			if conn.TriedAgain.After(now) {
				n.Text, n.At, n.Rest = "Connection "+conn.Name+" keeps failing. Its runs wait; next try", conn.TriedAgain, "."
			}
			list = append(list, n)
		case conn.PausedUntil.After(now):
			list = append(list, words.Notice{
				Text: "Connection " + conn.Name + " asked us to wait. Its runs wait until", At: conn.PausedUntil, Rest: ".",
				Link: "/runs?status=pending", More: "Show waiting runs",
			})
		}
	}
	return list
}
