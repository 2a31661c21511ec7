package site

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
)

// section is a heading and what stands below it, up to the next one.
type section struct {
	anchor, title, text string
}

// Hit is a section that was found.
type Hit struct {
	Path    string // with the anchor
	Page    string // title of the page
	Title   string // of the section; that of the page for its beginning
	Excerpt string // the text around the first word that was found
	score   int
}

// Bounds of a search.
const (
	queryMost   = 200 // characters of a query that count
	wordsMost   = 8
	hitsMost    = 30
	excerptSize = 160
)

// Search returns the sections in which every word of a query begins a word, best
// first. assets/docs.js does the same for the static form.
func (s *Site) Search(query string) []Hit {
	words := wordsOf(query)
	if len(words) == 0 {
		return nil
	}
	var hits []Hit
	for _, p := range s.order {
		for _, part := range p.sections {
			if score := rate(words, p.Title, part); score > 0 {
				at := p.Path
				if part.anchor != "" {
					at += "#" + part.anchor
				}
				hits = append(hits, Hit{Path: at, Page: p.Title, Title: part.title, Excerpt: excerpt(part.text, words), score: score})
			}
		}
	}
	slices.SortStableFunc(hits, func(x, y Hit) int { return cmp.Compare(y.score, x.score) })
	return hits[:min(len(hits), hitsMost)]
}

// rate is 0 if a word is missing. Titles count more than the text.
func rate(words []string, page string, part section) int {
	all := 0
	for _, word := range words {
		score := 10*min(count(page, word), 1) + 20*min(count(part.title, word), 1) + min(count(part.text, word), 5)
		if score == 0 {
			return 0
		}
		all += score
	}
	return all
}

// count says how many words of a text begin with a word, in any case.
func count(text, word string) int {
	n := 0
	for range beginnings(text, word) {
		n++
	}
	return n
}

// beginnings yields where a word begins a word of a text.
func beginnings(text, word string) func(func(int) bool) {
	low := strings.ToLower(text)
	return func(yield func(int) bool) {
		for at := 0; ; {
			next := strings.Index(low[at:], word)
			if next < 0 {
				return
			}
			at += next
			before, _ := utf8.DecodeLastRuneInString(low[:at])
			if !unicode.IsLetter(before) && !unicode.IsNumber(before) && !yield(at) {
				return
			}
			at += len(word)
		}
	}
}

// wordsOf splits a query.
func wordsOf(query string) []string {
	if runes := []rune(query); len(runes) > queryMost {
		query = string(runes[:queryMost])
	}
	words := strings.FieldsFunc(strings.ToLower(query), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	return words[:min(len(words), wordsMost)]
}

// excerpt is the text around the first word that is found in it.
func excerpt(text string, words []string) string {
	first := 0
	for _, word := range words {
		for at := range beginnings(text, word) {
			first = at
			break
		}
		if first > 0 {
			break
		}
	}
	first = min(first, len(text)) // lower case can be longer
	begin := strings.LastIndex(text[:max(0, first-40)], " ") + 1
	end := len(text)
	if end-begin > excerptSize {
		end = begin + strings.LastIndex(text[begin:begin+excerptSize], " ")
	}
	out := strings.ToValidUTF8(text[begin:max(begin, end)], "")
	if begin > 0 {
		out = "… " + out
	}
	if end < len(text) {
		out += " …"
	}
	return out
}

// sectionsOf divides a document at its headings.
func sectionsOf(doc ast.Node, source []byte, title string) []section {
	out := []section{{title: title}}
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			if h.Level > 1 {
				id, _ := h.AttributeString("id")
				anchor, _ := id.([]byte)
				out = append(out, section{anchor: string(anchor), title: plain(h, source)})
			}
			continue
		}
		last := &out[len(out)-1]
		last.text = strings.TrimSpace(last.text + " " + plain(n, source))
	}
	return out
}

// plain is the text of a part of a document, in one line.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.HTMLBlock, *ast.RawHTML:
			return ast.WalkSkipChildren, nil
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			if entering {
				b.Write(linesOf(n, source))
			}
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			if entering {
				b.Write(n.Value(source))
				if n.SoftLineBreak() || n.HardLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.String:
			if entering {
				b.Write(n.Value)
			}
		case *ast.AutoLink:
			if entering {
				b.Write(n.Label(source))
			}
		default:
			if !entering && n.Type() == ast.TypeBlock {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return strings.Join(strings.Fields(b.String()), " ")
}
