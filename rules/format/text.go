package format

import (
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// foldMark is the first line of a folded text while it is encoded. The encoder
// would write such a text on one line, so it gets it as a literal one, as it
// stands in the file, and the mark is taken out again.
const foldMark = "gavel: this text is folded"

var (
	foldHeader  = regexp.MustCompile(`>-?\s*(#.*)?$`)
	blockHeader = regexp.MustCompile(`\|(-?\s*(?:#.*)?)$`)
)

// markFold lets a folded text keep its line breaks. It cannot do so for one
// that says how it is indented, or that keeps its end.
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
// below its header, without empty lines at its end.
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

// dress gives the encoder's lines the form that the encoder has no words for.
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

// spaced puts one empty line before every section and every rule, above the
// comments that belong to it, and takes out those that stand elsewhere.
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
		above := i // is the head that this line leads to through comments
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
