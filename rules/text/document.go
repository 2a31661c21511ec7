package text

import (
	"errors"
	"io"
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Limits of one file, far above what people write.
const (
	maxDepth    = 100
	maxNodes    = 1_000_000 // as written
	maxExpanded = 200_000   // additional nodes from aliases
)

// Document is one parsed YAML file.
type Document struct {
	*Text
	Root *yaml.Node // the top node; nil if the file is empty
}

// ParseDocument parses one file. If it is not valid YAML, it adds a finding to
// out and returns nil.
func ParseDocument(s Source, out *Collector) *Document {
	d := &Document{Text: NewText(s.Name, s.Content)}
	decoder := yaml.NewDecoder(strings.NewReader(withoutVersion(d.Raw)))
	var first, second yaml.Node
	err := decoder.Decode(&first)
	if errors.Is(err, io.EOF) {
		return d
	}
	if err != nil {
		out.Add(d.syntaxFinding(err))
		return nil
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		out.Add(d.Finding(&second, "a second YAML document starts here", "write one document per file"))
		return nil
	case !errors.Is(err, io.EOF):
		out.Add(d.syntaxFinding(err))
		return nil
	}
	if len(first.Content) == 1 {
		d.Root = first.Content[0]
	}
	if f := d.checkSize(d.Root); f != nil {
		out.Add(*f)
		return nil
	}
	return d
}

var versionLine = regexp.MustCompile(`\A(?:\s*(?:#.*)?\r?\n)*%YAML 1\.[0-9]+[ \t]*\r?\n`)

// withoutVersion turns a line such as %YAML 1.2 into a comment, because the
// parser accepts only version 1.1. Positions stay the same.
func withoutVersion(raw string) string {
	if at := versionLine.FindString(raw); at != "" {
		i := strings.LastIndexByte(at, '%')
		return raw[:i] + "#" + raw[i+1:]
	}
	return raw
}

// Finding returns a finding at a node.
func (d *Document) Finding(n *yaml.Node, message, hint string) Finding {
	pos := Position{File: d.Name, Line: n.Line, Column: n.Column}
	f := Finding{Pos: pos, Message: message, Hint: hint, Source: d.Line(n.Line)}
	if n.Kind == yaml.ScalarNode && n.Style == 0 && n.Value != "" && !strings.Contains(n.Value, "\n") {
		end := n.Column + len([]rune(n.Value))
		if end <= len([]rune(f.Source))+1 {
			f.EndColumn = end
		}
	}
	return f
}

var yamlError = regexp.MustCompile(`^yaml: (?:line \d+: )?`)

// syntaxFinding turns an error of the YAML parser into a finding. The parser
// names the line where the surrounding block begins, or none. The broken line is
// the first with which the text so far gives the same error.
func (d *Document) syntaxFinding(err error) Finding {
	bad := 1 + sort.Search(len(d.starts)-1, func(i int) bool {
		return sameError(withoutVersion(d.Raw[:d.starts[i+1]]), err)
	})
	if oddIndent.MatchString(d.Line(bad - 1)) {
		bad-- // the parser took it for the end of the value above
	}
	line := d.Line(bad)
	column := 1 + len([]rune(line)) - len([]rune(strings.TrimLeft(line, " \t")))
	says := yamlError.ReplaceAllString(err.Error(), "")
	message, hint := explainSyntax(says, line)
	known := tabIndents(line) || strings.Contains(says, "unknown anchor")
	if x := hintIn(line, says); x != nil && !known {
		message, hint, column = x.message, x.hint, 1+utf8.RuneCountInString(line[:x.at])
	}
	return Finding{
		Pos:     Position{File: d.Name, Line: bad, Column: column},
		Message: "not valid YAML: " + message, Hint: hint, Source: line,
	}
}

func sameError(raw string, want error) bool {
	decoder := yaml.NewDecoder(strings.NewReader(raw))
	for {
		var n yaml.Node
		err := decoder.Decode(&n)
		if errors.Is(err, io.EOF) {
			return false
		}
		if err != nil {
			return err.Error() == want.Error()
		}
	}
}

func tabIndents(line string) bool { return strings.HasPrefix(strings.TrimLeft(line, " "), "\t") }

// explainSyntax rewrites a message of the parser and adds a hint.
func explainSyntax(message, line string) (string, string) {
	switch {
	case tabIndents(line) || strings.Contains(message, "cannot start any token") && strings.Contains(line, "\t"):
		return "indented with a tab", "indent with spaces"
	case strings.Contains(message, "mapping values are not allowed"):
		return "unexpected colon", "put the text in quotes if it contains a colon, or check the indentation"
	case strings.Contains(message, "did not find expected key"), strings.Contains(message, "did not find expected '-' indicator"):
		return "this line does not fit the lines above", "check its indentation and the quotes and brackets above"
	case strings.Contains(message, "could not find expected ':'"):
		return "a colon is missing", "write key: value"
	case strings.Contains(message, "unknown anchor"):
		return message, "define it with &name before it is used"
	case strings.Contains(message, "unexpected end of stream"):
		return "a quote is not closed", "close it with the same quote"
	case strings.Contains(message, "cannot start any token"):
		return message, "put the value in quotes"
	case strings.Contains(message, "incompatible YAML document"):
		return "unsupported YAML version", "write %YAML 1.1 or %YAML 1.2, or remove the line"
	}
	return message, "check the indentation, quotes and brackets"
}

// checkSize reports files that are too large with their aliases, nested too
// deep, or with an anchor that contains itself.
func (d *Document) checkSize(root *yaml.Node) *Finding {
	if root == nil {
		return nil
	}
	w := sizer{doc: d, memo: map[*yaml.Node]treeSize{}, open: map[*yaml.Node]bool{}}
	w.measure(root)
	return w.finding
}

type treeSize struct{ nodes, depth int }

type sizer struct {
	doc      *Document
	memo     map[*yaml.Node]treeSize // of anchored nodes
	open     map[*yaml.Node]bool
	written  int
	expanded int
	level    int
	finding  *Finding
}

func (w *sizer) refuse(n *yaml.Node, message, hint string) treeSize {
	if w.finding == nil {
		f := w.doc.Finding(n, message, hint)
		w.finding = &f
	}
	return treeSize{}
}

func (w *sizer) measure(n *yaml.Node) treeSize {
	if w.finding != nil {
		return treeSize{}
	}
	if n.Kind == yaml.AliasNode {
		return w.measureAlias(n)
	}
	if w.written++; w.written > maxNodes {
		return w.refuse(n, "the file has too many values", "split the rules over several files")
	}
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return w.refuseTag(n)
	}
	if w.level++; w.level > maxDepth {
		return w.refuse(n, "values are nested too deep", "nest at most 100 levels")
	}
	defer func() { w.level-- }()
	if n.Anchor != "" {
		w.open[n] = true
		defer delete(w.open, n)
	}
	size := treeSize{nodes: 1, depth: 1}
	for _, child := range n.Content {
		c := w.measure(child)
		size.nodes += c.nodes
		size.depth = max(size.depth, c.depth+1)
	}
	if n.Anchor != "" {
		w.memo[n] = size
	}
	return size
}

// refuseTag reports a custom tag. It is nearly always a value that begins with
// an exclamation mark, whose first word YAML would drop.
func (w *sizer) refuseTag(n *yaml.Node) treeSize {
	at := *n
	// The parser puts an empty value where the next one begins.
	end := min(len(w.doc.Raw), w.doc.Offset(n.Line, n.Column)+len(n.Tag))
	if i := strings.LastIndex(w.doc.Raw[:end], n.Tag); i >= 0 {
		pos := w.doc.Position(i)
		at.Line, at.Column = pos.Line, pos.Column
	}
	at.Value, at.Style, at.Kind = n.Tag, 0, yaml.ScalarNode
	return w.refuse(&at, "YAML reads "+Quote(n.Tag)+" as a tag", "put the whole value in quotes, or write not for ! in a condition")
}

func (w *sizer) measureAlias(n *yaml.Node) treeSize {
	if w.open[n.Alias] {
		return w.refuse(n, "anchor "+Quote(n.Value)+" contains itself", "")
	}
	size := w.memo[n.Alias]
	if size.depth+w.level > maxDepth {
		return w.refuse(n, "aliases are nested too deep", "nest at most 100 levels")
	}
	if w.expanded += size.nodes; w.expanded > maxExpanded {
		return w.refuse(n, "aliases expand to too many values", "write the values out, or use fewer aliases")
	}
	return size
}
