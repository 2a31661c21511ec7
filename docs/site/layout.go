package site

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

//go:embed assets
var assets embed.FS

func layout() (*template.Template, error) {
	return template.New("site").ParseFS(assets, "assets/*.html")
}

// Style returns the style sheet of the pages. It uses colours of the page around
// it: --ink, --soft, --line, --panel, --code, --accent and --hover.
func Style() ([]byte, error) { return assets.ReadFile("assets/docs.css") }

// Script returns the script of the pages, which work without it, but for the
// search of the static form.
func Script() ([]byte, error) { return assets.ReadFile("assets/docs.js") }

// view is what a page shows beside its own text.
type view struct {
	Path, Up, Title string
	Body            template.HTML
	Headings        []Heading
	Topics          []topic
	Version         string
	Searches        bool // it is the page of the search
	Query           string
	Hits            []Hit
	Static          bool
}

// Current says whether an entry of the list is the page, or a list that the page
// is in.
func (v view) Current(e entry) bool {
	return e.Path == v.Path || path.Base(e.Path) == Start && e.Path != Start && path.Dir(e.Path) == path.Dir(v.Path)
}

func (s *Site) view(p *Page) view {
	return view{Path: p.Path, Up: up(p.Path), Title: p.Title, Body: p.Body, Headings: p.Headings, Topics: s.topics, Version: s.version}
}

// Article writes a page and the list of all pages, without what is around them.
func (s *Site) Article(w io.Writer, p *Page) error {
	return s.layout.ExecuteTemplate(w, "article", s.view(p))
}

// Results writes what a search has found, like Article.
func (s *Site) Results(w io.Writer, query string) error {
	return s.layout.ExecuteTemplate(w, "article", s.results(query))
}

func (s *Site) results(query string) view {
	return view{Path: SearchPath, Title: "Search", Topics: s.topics, Version: s.version, Searches: true, Query: query, Hits: s.Search(query)}
}

// Look is what pages look like outside of the console.
type Look struct {
	Style []byte // a style sheet that ends with that of Style
	Icon  []byte // SVG
}

// Write writes the site as files below a folder, which it makes. It replaces
// files of the same name and leaves others alone.
func (s *Site) Write(dir string, look Look) error {
	files := map[string][]byte{"gavel.css": look.Style, "gavel.svg": look.Icon}
	var err error
	if files["docs.js"], err = Script(); err != nil {
		return err
	}
	if files["search-index.js"], err = s.index(); err != nil {
		return err
	}
	views := []view{s.results("")}
	for _, p := range s.order {
		views = append(views, s.view(p))
	}
	for _, v := range views {
		v.Static = true
		var b bytes.Buffer
		if err := s.layout.ExecuteTemplate(&b, "page", v); err != nil {
			return fmt.Errorf("%s: %w", v.Path, err)
		}
		files[v.Path] = b.Bytes()
	}
	for name := range s.used {
		if files[name], err = fs.ReadFile(s.files, name); err != nil {
			return err
		}
	}
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// index is what docs.js searches: for each section its path, the titles of page
// and section, and the text.
func (s *Site) index() ([]byte, error) {
	var rows [][4]string
	for _, p := range s.order {
		for _, part := range p.sections {
			at := p.Path
			if part.anchor != "" {
				at += "#" + part.anchor
			}
			rows = append(rows, [4]string{at, p.Title, part.title, part.text})
		}
	}
	list, err := json.Marshal(rows)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]byte("window.gavelDocs = "), list, []byte(";\n")), nil
}
