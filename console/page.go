package console

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// pages are the parsed templates, one set for each page.
type pages struct {
	sets map[string]*template.Template
}

func loadPages(a *assets, now func() time.Time) (*pages, error) {
	base, err := template.New("base").Funcs(templateFuncs(a, now)).ParseFS(embedded, "templates/shared/*.html")
	if err != nil {
		return nil, err
	}
	entries, err := embedded.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	p := &pages{sets: map[string]*template.Template{}}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		set, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if _, err = set.ParseFS(embedded, path.Join("templates", e.Name())); err != nil {
			return nil, err
		}
		p.sets[strings.TrimSuffix(e.Name(), ".html")] = set
	}
	return p, nil
}

// fragment renders one named part of a page.
func (p *pages) fragment(page, part string, data any) (string, error) {
	var b bytes.Buffer
	if err := p.sets[page].ExecuteTemplate(&b, part, data); err != nil {
		return "", fmt.Errorf("render %s of page %s: %w", part, page, err)
	}
	return b.String(), nil
}

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
func (c *Console) render(w http.ResponseWriter, r *http.Request, status int, page, title string, data any) {
	view := chrome{
		Title: title, Page: page, Search: r.URL.Query().Get("q"), Version: c.Version, Explains: c.Explainer != nil, Counts: c.Analyst != nil,
		SignedIn: c.session.Load().who(r) == "session", Done: doneText(r.URL.Query().Get("done")), Data: data,
	}
	html, err := c.pages.fragment(page, "page", view)
	if err != nil {
		c.Logger.Error("console page not rendered", "page", page, "error", err)
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
		return "The run goes on now."
	case "reload":
		return "The rules were read again."
	}
	return ""
}

// faultView is a page that says what went wrong and what to do.
type faultView struct {
	Heading, Text string
	Link, More    string // where else to go; may be empty
}

func (c *Console) fault(w http.ResponseWriter, r *http.Request, status int, heading, text string) {
	v := faultView{Heading: heading, Text: text}
	for _, list := range []string{"events", "runs"} {
		if strings.HasPrefix(r.URL.Path, "/"+list) {
			v.Link, v.More = "/"+list, "All "+list
		}
	}
	c.render(w, r, status, "fault", heading, v)
}

// faultOf is problemOf for people.
func (c *Console) faultOf(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOf(err)
	switch status {
	case http.StatusNotFound:
		c.fault(w, r, status, "Not found", "There is nothing of this id. It may have been removed with old data, or the address is mistyped.")
	case http.StatusBadRequest:
		c.fault(w, r, status, "This cannot be shown", "The address asks for something that does not exist: "+strings.TrimPrefix(err.Error(), event.ErrInvalid.Error()+": ")+".")
	case http.StatusConflict:
		c.fault(w, r, status, "That is not possible now", sentence(err)+" Go back to see how it stands.")
	case http.StatusServiceUnavailable:
		c.fault(w, r, status, "The database does not answer", "Nothing is lost. Reload this page in a moment.")
	default:
		c.Logger.Error("console page failed", "path", r.URL.Path, "error", err)
		c.fault(w, r, status, "Something went wrong", "The log of Gavel says why.")
	}
}

// sentence makes a sentence of an error's innermost words.
func sentence(err error) string {
	text := err.Error()
	if _, after, ok := strings.Cut(text, "conflict: "); ok {
		text = after
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
