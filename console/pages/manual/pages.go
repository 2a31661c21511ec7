// Package manual shows the documents of this version below /docs/.
package manual

import (
	"bytes"
	"html/template"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/console/pages/frame"
	"github.com/gavel-rules/gavel/docs"
	"github.com/gavel-rules/gavel/docs/site"
)

// Pages are the documents. They are made of their source when somebody first
// reads one, because most processes are never asked.
type Pages struct {
	*frame.Frame
	site func() (*site.Site, error)
}

// New returns the documents in the frame of the console.
func New(f *frame.Frame) *Pages {
	return &Pages{Frame: f, site: sync.OnceValues(func() (*site.Site, error) { return site.New(docs.Files, f.Version) })}
}

// Routes adds the addresses.
func (p *Pages) Routes(r chi.Router) {
	r.Get("/docs", func(w http.ResponseWriter, _ *http.Request) { moved(w, "docs/") })
	r.Get("/docs/*", p.page)
}

// moved leads to an address that is relative to the one asked for, so that it
// stays below the same prefix.
func moved(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusFound)
}

func (p *Pages) page(w http.ResponseWriter, r *http.Request) {
	s, err := p.site()
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/docs/")
	if name == "" || strings.HasSuffix(name, "/") {
		name += site.Start
	}
	page := s.Page(name)
	var b bytes.Buffer
	title := "Search the documentation"
	switch content, isFile := s.File(name); {
	case name == site.SearchPath:
		err = s.Results(&b, r.URL.Query().Get("q"))
	case page != nil:
		title = page.Title
		err = s.Article(&b, page)
	case isFile:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write(content) // the client may have gone
		return
	default:
		p.elsewhere(w, r, s, name)
		return
	}
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	p.Render(w, r, http.StatusOK, "docs", title, template.HTML(b.String()))
}

// elsewhere leads from the name of a document in the source, or without its
// ending, to its page.
func (p *Pages) elsewhere(w http.ResponseWriter, r *http.Request, s *site.Site, name string) {
	base := strings.TrimSuffix(name, ".md")
	to := path.Base(base) + ".html"
	if path.Base(base) == "README" {
		to = site.Start
	}
	target := path.Join(path.Dir(base), to)
	if target == site.SearchPath && r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	if target == site.SearchPath || s.Page(target) != nil {
		moved(w, to)
		return
	}
	p.Fault(w, r, http.StatusNotFound, "Not found", "The documentation of this version has no such page. Look at the list of all, or search there.")
}
