// Package site makes a site of the documents: Markdown in, pages out, with a
// list of all pages, links that lead, and a search.
//
// The site has two forms of the same pages: the console serves them below
// /docs/, and Write makes static files of them. All links are relative, so that
// both work below any address, and the second from a disk. What the pages list
// and in which order is said by the start page, README.md: its headings of the
// second level are the topics, and the links that begin the items below them
// are the pages.
package site

import (
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Site is the documents as pages. It is safe for concurrent use.
type Site struct {
	files   fs.FS
	used    map[string]bool // files that pages link to
	version string
	pages   map[string]*Page
	order   []*Page // as the topics list them, then the others
	topics  []topic
	layout  *template.Template
}

// Page is one document.
type Page struct {
	Path  string // from the top of the site, such as tasks/teams.html
	Title string
	Body  template.HTML
	// Headings are those of the second level, for a list of contents.
	Headings []Heading
	sections []section
	links    []listed
}

// Heading is a heading of a page and its anchor, the same as on GitHub.
type Heading struct{ Text, Anchor string }

// topic is a heading of the start page and the pages that it lists.
type topic struct {
	Title   string
	Entries []entry
}

type entry struct{ Title, Path string }

// Start is the path of the start page.
const Start = "index.html"

// SearchPath is the path of the page that finds words; its parameter is q.
const SearchPath = "search.html"

// New makes a site of the Markdown files below files. Version is that of the
// program; links to its source lead to that version, if it is a release. An
// error names the document that cannot be read.
func New(files fs.FS, version string) (*Site, error) {
	s := &Site{files: files, version: version, pages: map[string]*Page{}}
	var err error
	if s.layout, err = layout(); err != nil {
		return nil, err
	}
	m := newMarkdown(files, version)
	s.used = m.used
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".md" {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		p, err := m.page(name, text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s.pages[p.Path] = p
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the documents: %w", err)
	}
	s.list()
	return s, nil
}

// list orders the pages as the start page does.
func (s *Site) list() {
	seen := map[*Page]bool{}
	add := func(p *Page) bool {
		if p == nil || seen[p] {
			return false
		}
		seen[p] = true
		s.order = append(s.order, p)
		return true
	}
	if start := s.pages[Start]; start != nil {
		add(start)
		for _, l := range start.links {
			if add(s.pages[l.path]) {
				if n := len(s.topics); n == 0 || s.topics[n-1].Title != l.topic {
					s.topics = append(s.topics, topic{Title: l.topic})
				}
				last := &s.topics[len(s.topics)-1]
				last.Entries = append(last.Entries, entry{l.text, l.path})
			}
		}
	}
	paths := make([]string, 0, len(s.pages))
	for name := range s.pages {
		paths = append(paths, name)
	}
	slices.Sort(paths)
	for _, name := range paths {
		add(s.pages[name])
	}
}

// Page returns the page of a path, or nil.
func (s *Site) Page(name string) *Page { return s.pages[name] }

// Pages returns all pages, in the order of the start page.
func (s *Site) Pages() []*Page { return slices.Clone(s.order) }

// File returns a file that pages link to and that is none, such as alerts.yaml,
// and whether there is one.
func (s *Site) File(name string) ([]byte, bool) {
	if !s.used[name] {
		return nil, false
	}
	content, err := fs.ReadFile(s.files, name)
	return content, err == nil
}

// pagePath returns where the page of a document is.
func pagePath(name string) string {
	if path.Base(name) == "README.md" {
		return path.Join(path.Dir(name), Start)
	}
	return strings.TrimSuffix(name, ".md") + ".html"
}

// up leads from a page to the top of the site.
func up(name string) string { return strings.Repeat("../", strings.Count(name, "/")) }

var release = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)

// sourceOf is where the source of a version is shown.
func sourceOf(version string) string {
	const repository = "https://github.com/gavel-rules/gavel/blob/"
	if !strings.HasPrefix(version, "v") {
		version = "v" + version
	}
	if release.MatchString(version) {
		return repository + version + "/"
	}
	return repository + "HEAD/"
}
