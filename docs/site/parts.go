package site

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// parts renders what looks different from what goldmark makes of it.
type parts struct{ writer html.Writer }

// RegisterFuncs implements renderer.NodeRenderer.
func (r parts) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(ast.KindHTMLBlock, r.htmlBlock)
	reg.Register(ast.KindRawHTML, r.rawHTML)
	reg.Register(ast.KindHeading, r.heading)
	reg.Register(ast.KindFencedCodeBlock, r.code)
	reg.Register(extast.KindTable, r.table)
}

// htmlBlock drops comments, which are notes to tests, and shows other HTML as
// the text that it is.
func (r parts) htmlBlock(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	block := n.(*ast.HTMLBlock)
	if !entering || block.HTMLBlockType == ast.HTMLBlockType2 {
		return ast.WalkContinue, nil
	}
	text := linesOf(block, source)
	if block.HasClosure() {
		text = append(text, block.ClosureLine.Value(source)...)
	}
	_, _ = w.WriteString("<p>")
	_, _ = w.Write(util.EscapeHTML(text))
	_, _ = w.WriteString("</p>\n")
	return ast.WalkContinue, nil
}

// rawHTML is the same inside a line.
func (r parts) rawHTML(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkSkipChildren, nil
	}
	var text []byte
	segments := n.(*ast.RawHTML).Segments
	for i := range segments.Len() {
		at := segments.At(i)
		text = append(text, at.Value(source)...)
	}
	if !bytes.HasPrefix(text, []byte("<!--")) {
		_, _ = w.Write(util.EscapeHTML(text))
	}
	return ast.WalkSkipChildren, nil
}

// heading has a link to itself, which a mouse can reach; with a keyboard, the
// list of contents has it.
func (r parts) heading(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	level := string("0123456"[n.(*ast.Heading).Level])
	id, _ := n.AttributeString("id")
	anchor, _ := id.([]byte)
	if entering {
		_, _ = w.WriteString("<h" + level + ` id="` + string(util.EscapeHTML(anchor)) + `">`)
		return ast.WalkContinue, nil
	}
	if level != "1" {
		_, _ = w.WriteString(` <a class="anchor" href="#` + string(util.EscapeHTML(anchor)) + `" aria-hidden="true" tabindex="-1">#</a>`)
	}
	_, _ = w.WriteString("</h" + level + ">\n")
	return ast.WalkContinue, nil
}

// code is a block that can be scrolled with a keyboard. The prompts of a
// transcript are drawn by the style sheet, so that they are not copied.
func (r parts) code(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	block := n.(*ast.FencedCodeBlock)
	language := string(block.Language(source))
	_, _ = w.WriteString(`<pre tabindex="0" data-language="` + string(util.EscapeHTML([]byte(language))) + `"><code>`)
	lines := block.Lines()
	for i := range lines.Len() {
		at := lines.At(i)
		line := at.Value(source)
		command, typed := bytes.CutPrefix(line, []byte("$ "))
		if !typed || language != "console" {
			note := noteAt(line, language)
			_, _ = w.Write(util.EscapeHTML(line[:note]))
			if note < len(line) {
				_, _ = w.WriteString(`<span class="note">`)
				_, _ = w.Write(util.EscapeHTML(bytes.TrimSuffix(line[note:], []byte("\n"))))
				_, _ = w.WriteString("</span>\n")
			}
			continue
		}
		_, _ = w.WriteString(`<span class="typed">`)
		_, _ = w.Write(util.EscapeHTML(bytes.TrimSuffix(command, []byte("\n"))))
		_, _ = w.WriteString("</span>\n")
	}
	_, _ = w.WriteString("</code></pre>\n")
	return ast.WalkSkipChildren, nil
}

// noteAt is where the comment of a line begins; its length if there is none.
// What looks like one inside quotes is none.
func noteAt(line []byte, language string) int {
	if language != "yaml" && language != "sh" && language != "ini" {
		return len(line)
	}
	quotes := 0
	for i, c := range line {
		switch {
		case c == '"', c == '\'':
			quotes++
		case c == '#' && quotes%2 == 0 && (i == 0 || line[i-1] == ' '):
			return i
		}
	}
	return len(line)
}

// table stands in a part of the page that scrolls, in a narrow window.
func (r parts) table(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = w.WriteString(`<div class="wide" role="region" aria-label="Table" tabindex="0"><table>` + "\n")
	} else {
		_, _ = w.WriteString("</table></div>\n")
	}
	return ast.WalkContinue, nil
}

func linesOf(n ast.Node, source []byte) []byte {
	var all []byte
	lines := n.Lines()
	for i := range lines.Len() {
		at := lines.At(i)
		all = append(all, at.Value(source)...)
	}
	return all
}
