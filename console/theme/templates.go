// Package theme is the look of the pages: templates, style sheet and script.
package theme

import (
	"bytes"
	"fmt"
	"html/template"
	"path"
	"strings"
	"time"
)

// Templates are the parsed pages, one set for each page.
type Templates struct {
	sets map[string]*template.Template
}

// LoadTemplates parses the embedded pages.
func LoadTemplates(a *Assets, now func() time.Time) (*Templates, error) {
	base, err := template.New("base").Funcs(templateFuncs(a, now)).ParseFS(embedded, "templates/shared/*.html")
	if err != nil {
		return nil, err
	}
	entries, err := embedded.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	p := &Templates{sets: map[string]*template.Template{}}
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

// Fragment renders one named part of a page.
func (t *Templates) Fragment(page, part string, data any) (string, error) {
	var b bytes.Buffer
	if err := t.sets[page].ExecuteTemplate(&b, part, data); err != nil {
		return "", fmt.Errorf("render %s of page %s: %w", part, page, err)
	}
	return b.String(), nil
}
