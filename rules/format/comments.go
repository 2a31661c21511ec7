package format

import (
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/rules/text"
	"gopkg.in/yaml.v3"
)

// comment is one comment of a text, or one line of it.
type comment struct {
	at   int // byte offset of its #
	text string
}

// findComments finds every comment of a text: a # after a space that is not
// part of a value.
func findComments(content string, root *yaml.Node) []comment {
	t := text.NewText("", []byte(content))
	values := valueRanges(t, root)
	var out []comment
	for at := 0; at < len(t.Raw); {
		if n := len(values); n > 0 && at >= values[0].from {
			at = max(at, values[0].to)
			values = values[1:]
			continue
		}
		if t.Raw[at] != '#' || at > 0 && !text.IsSpace(t.Raw[at-1]) {
			at++
			continue
		}
		end := len(t.Raw)
		if n := strings.IndexAny(t.Raw[at:], "\r\n"); n >= 0 {
			end = at + n
		}
		out = append(out, comment{at, strings.TrimSpace(t.Raw[at:end])})
		at = end
	}
	return out
}

type byteRange struct{ from, to int }

// valueRanges lists the ranges of the scalars of a tree, in order.
func valueRanges(t *text.Text, root *yaml.Node) []byteRange {
	var out []byteRange
	lines := strings.Split(t.Raw, "\n")
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode {
			out = append(out, valueRange(t, lines, n))
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(root)
	slices.SortFunc(out, func(a, b byteRange) int { return a.from - b.from })
	return out
}

func valueRange(t *text.Text, lines []string, n *yaml.Node) byteRange {
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		// Without the header of a block text, which a comment may follow.
		from, to := blockLines(lines, n)
		return byteRange{t.Offset(from+1, 1), t.Offset(to+1, 1)}
	}
	if n.Value == "" && n.Style == 0 {
		return byteRange{}
	}
	m := text.MapScalar(t, n)
	end := m.End()
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		if close := strings.IndexAny(t.Raw[end:], "\"'"); close >= 0 {
			end += close + 1
		}
	}
	return byteRange{m.Offset(0), end}
}

// keepLost attaches comments that the parser drops, such as one after an
// opening bracket, to the value that follows.
func keepLost(content string, doc *yaml.Node) {
	known := commentsOf(doc)
	var lost []comment
	for _, c := range findComments(content, doc) {
		if i := slices.Index(known, c.text); i >= 0 {
			known = slices.Delete(known, i, i+1)
			continue
		}
		lost = append(lost, c)
	}
	t := text.NewText("", []byte(content))
	for _, c := range lost {
		if n := firstAfter(t, doc, c.at); n != nil {
			n.HeadComment = strings.TrimPrefix(n.HeadComment+"\n"+c.text, "\n")
		} else {
			doc.FootComment = strings.TrimPrefix(doc.FootComment+"\n"+c.text, "\n")
		}
	}
}

// firstAfter returns the first node that begins after an offset.
func firstAfter(t *text.Text, n *yaml.Node, offset int) *yaml.Node {
	if n.Line > 0 && t.Offset(n.Line, n.Column) > offset {
		return n
	}
	for _, child := range n.Content {
		if found := firstAfter(t, child, offset); found != nil {
			return found
		}
	}
	return nil
}
