package pages

import (
	"net/http"
)

// chrome is what surrounds every page.
type chrome struct {
	Title    string
	Page     string
	Search   string
	SignedIn bool // by a session that can be ended
	Explains bool // there is a playground
	Counts   bool // there is a page of numbers
	Version  string
	Done     string // what a button has just done
	Data     any
}

// render answers with a page. Everything is rendered before the first byte
// goes out, so that an error is a clear answer.
func (p *Pages) render(w http.ResponseWriter, r *http.Request, status int, page, title string, data any) {
	view := chrome{
		Title: title, Page: page, Search: r.URL.Query().Get("q"), Version: p.Version, Explains: p.Desk != nil, Counts: p.Analyst != nil,
		SignedIn: p.access.Who(r) == "session", Done: doneText(r.URL.Query().Get("done")), Data: data,
	}
	html, err := p.templates.Fragment(page, "page", view)
	if err != nil {
		p.Logger.Error("console page not rendered", "page", page, "error", err)
		http.Error(w, "This page could not be shown; the log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(html)) // the peer may have gone
}

// doneText words what a button has done.
func doneText(verb string) string {
	switch verb {
	case "retry":
		return "The run is tried again."
	case "retry-many":
		return "The runs are tried again. Those that fail once more come back to this list."
	case "cancel":
		return "The run is canceled."
	case "replay":
		return "The event was replayed. Its new runs are below."
	case "run-now":
		return "The run continues now."
	case "reload":
		return "The rules were reloaded."
	}
	return ""
}
