package email

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// textOf converts HTML to plain text, for mail programs and spam filters that
// expect both. It is empty if the HTML cannot be parsed.
func textOf(source string) string {
	if source == "" {
		return ""
	}
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return ""
	}
	w := &textWriter{}
	w.walk(root)
	lines := strings.Split(w.b.String(), "\n")
	out := make([]string, 0, len(lines))
	for _, l := range lines {
		l = strings.Join(strings.Fields(l), " ")
		if l == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, l)
	}
	return strings.TrimSpace(strings.Join(out, "\n")) + "\n"
}

type textWriter struct{ b strings.Builder }

func (w *textWriter) walk(n *html.Node) {
	switch {
	case n.Type == html.TextNode:
		// In HTML a line break is a space; only elements break lines.
		w.b.WriteString(strings.ReplaceAll(n.Data, "\n", " "))
		return
	case n.Type == html.ElementNode:
		switch n.DataAtom {
		case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template, atom.Noscript:
			return
		case atom.Br:
			w.b.WriteByte('\n')
			return
		case atom.Hr:
			w.b.WriteString("\n---\n")
			return
		case atom.Img:
			w.b.WriteString(attribute(n, "alt"))
			return
		case atom.Li:
			w.b.WriteString("\n- ")
		case atom.P, atom.Div, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6,
			atom.Ul, atom.Ol, atom.Table, atom.Blockquote, atom.Pre, atom.Section, atom.Article, atom.Header, atom.Footer:
			w.b.WriteString("\n\n")
			defer w.b.WriteString("\n\n")
		case atom.Tr:
			w.b.WriteByte('\n')
		case atom.Td, atom.Th:
			w.b.WriteByte(' ')
		case atom.A:
			defer w.link(n, w.b.Len())
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.walk(c)
	}
}

// link writes the address of a link after its text, unless they are the same.
func (w *textWriter) link(n *html.Node, start int) {
	href := attribute(n, "href")
	shown := strings.TrimSpace(w.b.String()[start:])
	if href == "" || strings.HasPrefix(href, "#") || shown == href || shown == strings.TrimPrefix(href, "mailto:") {
		return
	}
	w.b.WriteString(" (" + href + ")")
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
