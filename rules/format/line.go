package format

import (
	"strings"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/rules/text"
	"gopkg.in/yaml.v3"
)

// roomy writes { a: b } rather than {a: b} for the flow mappings of a tree.
func roomy(lines []string, n *yaml.Node) {
	if n.Style&yaml.FlowStyle != 0 && (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) {
		if n.Line >= 1 && n.Line <= len(lines) {
			lines[n.Line-1] = roomyLine(lines[n.Line-1], n.Column-1)
		}
		return // roomyLine covers what is inside
	}
	for _, child := range n.Content {
		roomy(lines, child)
	}
}

// roomyLine adds spaces inside the braces of the flow collection that begins at
// character from.
func roomyLine(line string, from int) string {
	chars := []rune(line)
	at := len(string(chars[:min(from, len(chars))]))
	open := strings.IndexAny(line[at:], "{[") // an anchor comes first
	if open < 0 {
		return line
	}
	at += open
	var out strings.Builder
	out.WriteString(line[:at])
	last := text.FlowToken{Kind: text.FlowSpace}
	for t := range text.FlowTokens(line[at:]) {
		if needsRoom(last, t) {
			out.WriteByte(' ')
		}
		out.WriteString(t.Text)
		if t.Depth == 0 {
			return out.String() + line[at+t.At+len(t.Text):]
		}
		last = t
	}
	return out.String()
}

// needsRoom reports whether a space is missing between two tokens: after an
// opening brace and before a closing one, but not in {}.
func needsRoom(a, b text.FlowToken) bool {
	return a.Kind != text.FlowSpace && b.Kind != text.FlowSpace && (a.Text == "{") != (b.Text == "}")
}

// endComments finds the comments at the end of lines and their byte offsets.
func endComments(lines []string, root *yaml.Node) map[int]int {
	known := map[string]bool{}
	for _, c := range commentsOf(root) {
		known[c] = true
	}
	inside := blockTexts(lines, root)
	out := map[int]int{}
	for i, line := range lines {
		if inside[i] || isComment(line) {
			continue
		}
		for at := 0; ; {
			next := strings.Index(line[at:], " #")
			if next < 0 {
				break
			}
			at += next + 1
			if known[strings.TrimSpace(line[at:])] {
				out[i] = at
				break
			}
		}
	}
	return out
}

// keepColumns moves the comments at the end of lines back to the column where
// the author put them, if there is room.
func keepColumns(lines []string, root *yaml.Node, was []string, wasRoot *yaml.Node) {
	columns := map[string][]int{}
	for i, at := range inOrder(endComments(was, wasRoot), len(was)) {
		if at > 0 {
			text := strings.TrimSpace(was[i][at:])
			columns[text] = append(columns[text], utf8.RuneCountInString(was[i][:at]))
		}
	}
	for i, at := range inOrder(endComments(lines, root), len(lines)) {
		if at == 0 {
			continue
		}
		text := strings.TrimSpace(lines[i][at:])
		if len(columns[text]) == 0 {
			continue
		}
		column := columns[text][0]
		columns[text] = columns[text][1:]
		content := strings.TrimRight(lines[i][:at], " ")
		lines[i] = content + strings.Repeat(" ", max(1, column-utf8.RuneCountInString(content))) + text
	}
}

// inOrder lists the values by line, 0 where there is none.
func inOrder(found map[int]int, lines int) []int {
	out := make([]int, lines)
	for i, at := range found {
		out[i] = at
	}
	return out
}

// blockTexts tells which lines, from 0, are part of a block text.
func blockTexts(lines []string, root *yaml.Node) map[int]bool {
	inside := map[int]bool{}
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
			from, to := blockLines(lines, n)
			for i := from; i < to; i++ {
				inside[i] = true
			}
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(root)
	return inside
}
