// Package theme is the look of the pages: templates, style sheet and script.
package theme

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Templates are the pages, one set for each. A page is parsed when it is used
// first: all of them have several megabytes.
type Templates struct {
	sets map[string]func() (*template.Template, error)
}

// address is an attribute with an address: a path, or what a template inserts at
// its beginning.
var address = regexp.MustCompile(`\b(href|src|action|formaction|data-live|data-stream)="(?:\{\{([^{}]+)\}\}|(/[^"{]*))`)

// placed passes the addresses of a template through the function "outside".
func placed(text string, outside func(path string) string) string {
	return address.ReplaceAllStringFunc(text, func(found string) string {
		m := address.FindStringSubmatch(found)
		if m[2] != "" {
			return m[1] + `="{{outside (` + m[2] + `)}}`
		}
		return m[1] + `="` + outside(m[3])
	})
}

// parse adds the templates of a file.
func parse(set *template.Template, file string, outside func(path string) string) error {
	text, err := embedded.ReadFile(file)
	if err != nil {
		return err
	}
	_, err = set.New(path.Base(file)).Parse(placed(string(text), outside))
	return err
}

// LoadTemplates parses the embedded pages. They are written for a console at the
// root of its host; outside returns where one of its paths is for browsers.
func LoadTemplates(a *Assets, outside func(path string) string, now func() time.Time) (*Templates, error) {
	base := template.New("base").Funcs(templateFuncs(a, now)).Funcs(template.FuncMap{"outside": outside})
	shared, err := fs.Glob(embedded, "templates/shared/*.html")
	if err != nil {
		return nil, err
	}
	for _, file := range shared {
		if err := parse(base, file, outside); err != nil {
			return nil, err
		}
	}
	entries, err := embedded.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	p := &Templates{sets: map[string]func() (*template.Template, error){}}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		p.sets[strings.TrimSuffix(e.Name(), ".html")] = sync.OnceValues(func() (*template.Template, error) {
			set, err := base.Clone()
			if err != nil {
				return nil, err
			}
			return set, parse(set, path.Join("templates", e.Name()), outside)
		})
	}
	return p, nil
}

// Fragment renders one named part of a page.
func (t *Templates) Fragment(page, part string, data any) (string, error) {
	set, err := t.sets[page]()
	if err != nil {
		return "", fmt.Errorf("page %s: %w", page, err)
	}
	var b bytes.Buffer
	if err := set.ExecuteTemplate(&b, part, data); err != nil {
		return "", fmt.Errorf("render %s of page %s: %w", part, page, err)
	}
	return b.String(), nil
}
