package format

import (
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// foldMark marks a folded text while it is encoded. The encoder would write it
// on one line, so it gets the lines of the file as a literal text with this
// first line, which is removed again.
const foldMark = "gavel: this text is folded"

var (
	foldHeader  = regexp.MustCompile(`>-?\s*(#.*)?$`)
	blockHeader = regexp.MustCompile(`\|(-?\s*(?:#.*)?)$`)
)

// markFold keeps the line breaks of a folded text. It returns false for one with
// an indentation indicator or with "+".
func (f *formatter) markFold(n *yaml.Node) bool {
	if n.Line > len(f.lines) || !foldHeader.MatchString(f.lines[n.Line-1]) {
		return false
	}
	from, to := blockLines(f.lines, n)
	if from >= to {
		return false
	}
	indent := indentOf(f.lines[from])
	raw := make([]string, 0, to-from+1)
	raw = append(raw, foldMark)
	for _, line := range f.lines[from:to] {
		raw = append(raw, strings.TrimRight(line[min(indent, len(line)):], " \t\r"))
	}
	strip := strings.HasPrefix(f.lines[n.Line-1][n.Column-1:], ">-") || !strings.HasSuffix(n.Value, "\n")
	n.Value = strings.Join(raw, "\n")
	if !strip {
		n.Value += "\n"
	}
	n.Style = yaml.LiteralStyle
	return true
}

// blockLines returns the range of lines, from 0, that a block text takes up
// below its header, without trailing empty lines.
func blockLines(lines []string, n *yaml.Node) (from, to int) {
	from = n.Line // the line after the header, because lines count from 1
	for from < len(lines) && strings.TrimSpace(lines[from]) == "" {
		from++
	}
	if from >= len(lines) || n.Value == "" {
		return n.Line, n.Line
	}
	indent := indentOf(lines[from])
	to = from
	for i := from; i < len(lines); i++ {
		blank := strings.TrimSpace(lines[i]) == ""
		if !blank && indentOf(lines[i]) < indent {
			break
		}
		if !blank {
			to = i + 1
		}
	}
	return from, to
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

func unmarkFolds(text string) []string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	out := make([]string, 0, len(lines))
	for _, line := range lines {
		if strings.TrimSpace(line) == foldMark && len(out) > 0 {
			out[len(out)-1] = blockHeader.ReplaceAllString(out[len(out)-1], ">$1")
			continue
		}
		out = append(out, strings.TrimRight(line, " "))
	}
	return out
}

// dress applies the parts of the form that the encoder has no options for.
func dress(lines, was []string, wasRoot *yaml.Node) []byte {
	var doc yaml.Node
	text := strings.Join(lines, "\n") + "\n"
	if yaml.Unmarshal([]byte(text), &doc) != nil || len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return []byte(text)
	}
	roomy(lines, &doc)
	keepColumns(lines, &doc, was, wasRoot)
	return []byte(strings.Join(spaced(lines, doc.Content[0]), "\n") + "\n")
}

// spaced puts one empty line before every section and rule, above its comments.
func spaced(lines []string, root *yaml.Node) []string {
	heads := map[int]bool{} // lines, from 0, above which an empty one belongs
	for i := 0; i+1 < len(root.Content); i += 2 {
		if i > 0 {
			heads[root.Content[i].Line-1] = true
		}
		value := root.Content[i+1]
		if name := root.Content[i].Value; name != "rules" && name != "tests" || value.Kind != yaml.SequenceNode || value.Style&yaml.FlowStyle != 0 {
			continue
		}
		for j, rule := range value.Content {
			if j > 0 {
				heads[rule.Line-1] = true
			}
		}
	}
	out := make([]string, 0, len(lines)+len(heads))
	for i, line := range lines {
		above := i // the first line after this one that is not a comment
		for above < len(lines) && isComment(lines[above]) {
			above++
		}
		first := i == 0 || !isComment(lines[i-1])
		if first && heads[above] && len(out) > 0 && out[len(out)-1] != "" {
			out = append(out, "")
		}
		out = append(out, line)
	}
	return out
}

func isComment(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "#") }
