package standing

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/words"
	"github.com/gavel-rules/gavel/event"
)

// behind is how long a run may be overdue before it is a problem.
const behind = time.Minute

// Notices lists what is wrong, the worst first.
func (s *Standing) Notices() []words.Notice {
	var list []words.Notice
	for _, name := range slices.Sorted(maps.Keys(s.Checks)) {
		if s.Checks[name] != "" {
			list = append(list, words.Notice{Bad: true, Text: "Not ready: " + name + ": " + s.Checks[name] + "."})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Warnings)) {
		list = append(list, words.Notice{Text: s.Warnings[name]})
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
	if n := s.Day.Runs[event.StatusFailed]; n > 0 {
		list = append(list, s.failed(n))
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

// failed counts the failures of the last day. They are no problem any more once
// no failed run is left.
func (s *Standing) failed(n int) words.Notice {
	text := "1 run has failed in the last 24 hours."
	if n > 1 {
		text = words.Number(n) + " runs have failed in the last 24 hours."
	}
	left := s.Counts.Runs[event.StatusFailed]
	if left == 0 {
		text += " None is failed now."
	}
	return words.Notice{
		Unwell: left > 0, Text: text, Link: "/runs?" + url.Values{"status": {"failed"}, "since": {"24h"}}.Encode(), More: "See why, and retry",
	}
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
