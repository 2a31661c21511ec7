package site

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/url"
	"path"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown turns documents into pages.
type markdown struct {
	files  fs.FS
	source string // where files that are no part of the site are shown
	used   map[string]bool
	engine goldmark.Markdown
}

// listed is a link that begins an item of a list, below a heading of the second
// level.
type listed struct{ topic, text, path string }

func newMarkdown(files fs.FS, version string) *markdown {
	tables := extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))
	return &markdown{files: files, source: sourceOf(version), used: map[string]bool{}, engine: goldmark.New(
		goldmark.WithExtensions(tables),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(parts{html.DefaultWriter}, 100))),
	)}
}

// page renders one document.
func (m *markdown) page(name string, source []byte) (*Page, error) {
	doc := m.engine.Parser().Parse(text.NewReader(source))
	p := &Page{Path: pagePath(name)}
	m.anchors(doc, source, p)
	if p.Title == "" {
		return nil, fmt.Errorf("the document has no heading of the first level")
	}
	if err := m.lead(doc, source, name); err != nil {
		return nil, err
	}
	p.sections = sectionsOf(doc, source, p.Title)
	p.links = listedIn(doc, source, p.Path)
	var b bytes.Buffer
	if err := m.engine.Renderer().Render(&b, source, doc); err != nil {
		return nil, err
	}
	p.Body = template.HTML(b.String())
	return p, nil
}

// anchors gives each heading the name that GitHub gives it.
func (m *markdown) anchors(doc ast.Node, source []byte, p *Page) {
	taken := map[string]int{}
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		if !ok {
			continue
		}
		words := plain(h, source)
		anchor := slug(words)
		if again := taken[anchor]; again > 0 {
			taken[anchor]++
			anchor = fmt.Sprintf("%s-%d", anchor, again)
		}
		taken[anchor]++
		h.SetAttributeString("id", []byte(anchor))
		switch {
		case h.Level == 1 && p.Title == "":
			p.Title = words
		case h.Level == 2:
			p.Headings = append(p.Headings, Heading{words, anchor})
		}
	}
}

// slug is the anchor that GitHub makes of a heading.
func slug(words string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsNumber(r):
			return unicode.ToLower(r)
		}
		return -1
	}, words)
}

// lead makes every link of a document lead to its page, to a file of the site,
// or to the source. A picture that the site does not have becomes a link.
func (m *markdown) lead(doc ast.Node, source []byte, name string) error {
	var missing []*ast.Image
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			m.entitle(n, source, name)
			to, err := m.target(name, string(n.Destination))
			n.Destination = []byte(to)
			return ast.WalkContinue, err
		case *ast.Image:
			to, err := m.target(name, string(n.Destination))
			n.Destination = []byte(to)
			if strings.Contains(to, "://") {
				missing = append(missing, n)
			}
			return ast.WalkContinue, err
		}
		return ast.WalkContinue, nil
	})
	for _, image := range missing {
		link := ast.NewLink()
		link.Destination = image.Destination
		link.AppendChild(link, ast.NewString([]byte("Picture: "+plain(image, source))))
		image.Parent().ReplaceChild(image.Parent(), image, link)
	}
	return err
}

// entitle gives a link whose text is the name of a file, which the site does not
// have, the title of its page.
func (m *markdown) entitle(link *ast.Link, source []byte, name string) {
	file, _, _ := strings.Cut(string(link.Destination), "#")
	if file == "" || path.Ext(file) != ".md" || plain(link, source) != file {
		return
	}
	raw, err := fs.ReadFile(m.files, path.Join(path.Dir(name), file))
	if err != nil {
		return // it leads to the source, where the name is right
	}
	other := &Page{}
	m.anchors(m.engine.Parser().Parse(text.NewReader(raw)), raw, other)
	if other.Title != "" {
		link.RemoveChildren(link)
		link.AppendChild(link, ast.NewString([]byte(other.Title)))
	}
}

// target is where a link of a document leads on the site.
func (m *markdown) target(name, destination string) (string, error) {
	u, err := url.Parse(destination)
	if err != nil {
		return "", fmt.Errorf("link to %q: %w", destination, err)
	}
	if u.Scheme != "" || u.Path == "" {
		return destination, nil
	}
	file := path.Join(path.Dir(name), u.Path)
	outside, isOutside := strings.CutPrefix(file, "../")
	info, err := fs.Stat(m.files, file)
	switch {
	case isOutside:
		u = &url.URL{Path: outside, Fragment: u.Fragment}
		return m.source + u.String(), nil
	case err != nil || info.IsDir():
		u = &url.URL{Path: "docs/" + file, Fragment: u.Fragment}
		return m.source + u.String(), nil
	case path.Ext(file) == ".md":
		u.Path = strings.TrimSuffix(u.Path, path.Base(u.Path)) + path.Base(pagePath(file))
	default:
		m.used[file] = true
	}
	return u.String(), nil
}

// listedIn finds the links that begin the items of lists.
func listedIn(doc ast.Node, source []byte, name string) []listed {
	var found []listed
	topic := ""
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok && h.Level <= 2 {
			topic = plain(h, source)
		}
		if n.Kind() != ast.KindList || topic == "" {
			continue
		}
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			if block := item.FirstChild(); block != nil {
				if link, ok := block.FirstChild().(*ast.Link); ok {
					to, _, _ := strings.Cut(string(link.Destination), "#")
					found = append(found, listed{topic, plain(link, source), path.Join(path.Dir(name), to)})
				}
			}
		}
	}
	return found
}
