// Package format writes a rules file in its canonical form.
package format

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/rules/text"
	"gopkg.in/yaml.v3"
)

// Format returns a rules file in its canonical form: keys in the order of the
// reference, two spaces of indent, double quotes, a blank line between rules.
// It keeps comments, anchors and meaning. Formatting the result again changes
// nothing. If the file is not YAML, it returns findings.
func Format(s text.Source) ([]byte, text.Findings) {
	if f := text.CheckSource(s); f != nil {
		return nil, text.Findings{*f}
	}
	out := &text.Collector{}
	was := text.ParseDocument(s, out)
	if was == nil {
		return nil, out.Findings
	}
	if was.Root == nil {
		return s.Content, nil // nothing but comments
	}
	head, body := splitDirectives(s.Content)
	var cause error
	for _, keepFolds := range []bool{true, false} {
		text, err := formatted(body, keepFolds)
		if err == nil {
			err = sameMeaning(body, text)
		}
		if err == nil {
			return append(head, text...), nil
		}
		cause = err
	}
	out.Add(was.Finding(was.Root, "cannot format this file: "+cause.Error(), "leave it as it is"))
	return nil, out.Findings
}

// directives are the lines before a document with the version of YAML.
var directives = regexp.MustCompile(`\A(?:\s*(?:#.*)?\r?\n)*%YAML [^\n]*\n(?:\s*(?:#.*)?\r?\n)*---[ \t]*\r?\n`)

// splitDirectives cuts off the directives, which the parser does not keep.
func splitDirectives(content []byte) (head, body []byte) {
	at := directives.FindIndex(content)
	if at == nil {
		return nil, content
	}
	return slices.Clone(content[:at[1]]), content[at[1]:]
}

// formatRounds is how often a text is formatted until it no longer changes. A
// comment may reach its final place only in the second round.
const formatRounds = 4

func formatted(text []byte, keepFolds bool) ([]byte, error) {
	for range formatRounds {
		next, err := formatOnce(text, keepFolds)
		if err != nil || bytes.Equal(next, text) {
			return next, err
		}
		text = next
	}
	return nil, errors.New("its comments cannot be placed reliably")
}

func formatOnce(content []byte, keepFolds bool) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(content, &doc); err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	if len(doc.Content) == 0 {
		return content, nil
	}
	var was yaml.Node // a copy, because what follows changes doc
	if err := yaml.Unmarshal(content, &was); err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	root := doc.Content[0]
	keepLost(string(content), &doc)
	f := formatter{lines: strings.Split(string(content), "\n"), keepFolds: keepFolds}
	f.style(root, false)
	orderFile(root)
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return dress(unmarkFolds(out.String()), f.lines, &was), nil
}

// formatter normalises how nodes are written.
type formatter struct {
	lines     []string
	keepFolds bool
}

// style walks the tree. What is inside a flow collection stays in one.
func (f *formatter) style(n *yaml.Node, inFlow bool) {
	switch n.Kind {
	case yaml.MappingNode, yaml.SequenceNode:
		if !inFlow && n.Style&yaml.FlowStyle != 0 && (spansLines(n) || hasComments(n)) && len(n.Content) > 0 {
			n.Style &^= yaml.FlowStyle
		}
		inFlow = inFlow || n.Style&yaml.FlowStyle != 0
	case yaml.ScalarNode:
		f.scalar(n)
	}
	for _, child := range n.Content {
		f.style(child, inFlow)
	}
}

func (f *formatter) scalar(n *yaml.Node) {
	switch {
	case n.Tag == "!!merge":
		n.Tag = "" // or the encoder would write it out
	case n.Style&yaml.SingleQuotedStyle != 0 && !strings.ContainsAny(n.Value, "\"\\\n"):
		n.Style = n.Style&^yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle
	case n.Style&yaml.FoldedStyle != 0:
		if !f.keepFolds || !f.markFold(n) {
			n.Style = yaml.LiteralStyle // the encoder gets folded text wrong
		}
	}
}

// spansLines reports whether a collection was written over several lines.
func spansLines(n *yaml.Node) bool {
	for _, child := range n.Content {
		if child.Line != n.Line || spansLines(child) {
			return true
		}
	}
	return false
}

func hasComments(n *yaml.Node) bool {
	return slices.ContainsFunc(n.Content, func(c *yaml.Node) bool {
		return c.HeadComment != "" || c.LineComment != "" || c.FootComment != "" || hasComments(c)
	})
}

// sameMeaning returns an error if the values or comments of two texts differ.
func sameMeaning(was, content []byte) error {
	var before, after yaml.Node
	if err := yaml.Unmarshal(was, &before); err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	if err := yaml.Unmarshal(content, &after); err != nil {
		return fmt.Errorf("parse the formatted text: %w", err)
	}
	if !sameTree(&before, &after) {
		return errors.New("a value would change")
	}
	kept := allComments(string(content), &after)
	for _, c := range allComments(string(was), &before) {
		if i := slices.Index(kept, c); i >= 0 {
			kept = slices.Delete(kept, i, i+1)
			continue
		}
		return fmt.Errorf("the comment %q would be lost", text.Clip(c, 60))
	}
	if len(kept) > 0 {
		return fmt.Errorf("the comment %q would appear twice", text.Clip(kept[0], 60))
	}
	return nil
}

func sameTree(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Anchor != b.Anchor || len(a.Content) != len(b.Content) || meaningTag(a) != meaningTag(b) || a.Value != b.Value {
		return false
	}
	if a.Kind != yaml.MappingNode {
		for i := range a.Content {
			if !sameTree(a.Content[i], b.Content[i]) {
				return false
			}
		}
		return true
	}
	for i := 0; i+1 < len(a.Content); i += 2 {
		found := false
		for j := 0; j+1 < len(b.Content) && !found; j += 2 {
			found = sameTree(a.Content[i], b.Content[j]) && sameTree(a.Content[i+1], b.Content[j+1])
		}
		if !found {
			return false
		}
	}
	return true
}

// meaningTag is the tag of a node. A time is a text here, whether quoted or not.
func meaningTag(n *yaml.Node) string {
	if tag := n.ShortTag(); tag != "!!timestamp" {
		return tag
	}
	return "!!str"
}

// commentsOf lists the comments found by the parser, line by line.
func commentsOf(n *yaml.Node) []string {
	var out []string
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		for _, text := range []string{n.HeadComment, n.LineComment, n.FootComment} {
			for line := range strings.Lines(text) {
				if line = strings.TrimSpace(line); line != "" {
					out = append(out, line)
				}
			}
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(n)
	slices.Sort(out)
	return out
}

// allComments lists the comments of a text, including those that the parser
// drops.
func allComments(text string, root *yaml.Node) []string {
	var out []string
	for _, c := range findComments(text, root) {
		out = append(out, c.text)
	}
	return out
}
