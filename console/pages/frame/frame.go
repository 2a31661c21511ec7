// Package frame is what every page of the console has: the part around it, and
// the pages for what went wrong.
package frame

import (
	"net/http"

	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/theme"
	"github.com/gavel-rules/gavel/event"
)

// Frame renders pages.
type Frame struct {
	backend.Backend
	Access    *access.Access
	Templates *theme.Templates
}

// chrome is the part around every page.
type chrome struct {
	Title    string
	Page     string
	Search   string
	Issues   int  // how many are open
	SignedIn bool // by a session, which can be signed out
	Explains bool // there is a playground
	Counts   bool // there is an analytics page
	Version  string
	Help     string        // path of the document about this page; may be empty
	Done     string        // message after a button was used
	Paused   []event.Pause // the first few
	More     int           // pauses that are not shown
	Data     any
}

// pausesShown is how many pauses every page names.
const pausesShown = 3

// Render responds with a page. The page is rendered completely before it is
// sent, so that an error gives a proper response.
func (p *Frame) Render(w http.ResponseWriter, r *http.Request, status int, page, title string, data any) {
	view := chrome{
		Help: helpOf(page), Title: title, Page: page, Search: r.URL.Query().Get("q"), Version: p.Version, Explains: p.Desk != nil, Counts: p.Analyst != nil,
		SignedIn: p.Access.Who(r) == "session", Done: doneText(r.URL.Query().Get("done")), Data: data,
	}
	if p.Paused != nil && page != "pauses" && page != "resume" && page != "login" {
		all := p.Paused()
		view.Paused = all[:min(len(all), pausesShown)]
		view.More = len(all) - len(view.Paused)
	}
	if page != "login" {
		view.Issues = p.openIssues(r)
	}
	html, err := p.Templates.Fragment(page, "page", view)
	if err != nil {
		p.Logger.Error("console page not rendered", "page", page, "error", err)
		http.Error(w, "This page could not be shown; see the log of Gavel for the cause.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(html)) // the client may have gone
}

// openIssues counts the issues that need attention; 0 when they cannot be read: a
// page does not fail for a number beside its name.
func (p *Frame) openIssues(r *http.Request) int {
	open, now := 0, p.Now()
	failing, err := p.Ledger.Issues(r.Context(), event.IssueFilter{Failing: true, Bare: true})
	if err != nil {
		p.Logger.Warn("open issues not counted", "error", err)
	}
	for _, i := range failing {
		if i.State(now) == event.IssueOpen {
			open++
		}
	}
	return open
}

// doneText returns the message after a button was used.
func doneText(verb string) string {
	switch verb {
	case "retry":
		return "The run is retried."
	case "cancel-many":
		return "Canceled. Runs that had ended meanwhile were left alone."
	case "retry-many":
		return "The runs are retried. Those that fail again come back to this list."
	case "retry-issue":
		return "The runs are retried. Those that fail again come back."
	case "resolve":
		return "The issue is resolved. It comes back by itself when it happens again."
	case "mute":
		return "The issue is muted."
	case "unmute":
		return "The issue is not muted any more."
	case "acknowledge":
		return "The failure is acknowledged. The run does not count as failing any more."
	case "cancel":
		return "The run is canceled."
	case "replay":
		return "The event was replayed. Its new runs are below."
	case "run-now":
		return "The run continues now."
	case "move":
		return "The runs that could be moved go on by the rules in force."
	case "apply":
		return "The rule was applied to the meetings booked before it. Its new runs are below."
	case "postpone":
		return "The run was moved."
	case "pause":
		return "It is paused. What becomes due is held."
	case "resume":
		return "It is resumed. What was held goes out now."
	case "reload":
		return "The rules were reloaded."
	}
	return ""
}
