package rehearse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/suite"
)

// names are the names of the action in a test: with its rule or without, and of
// an element of a for_each with its number or without.
func (s sending) names() []string {
	of := event.ActionOf(s.action)
	return []string{s.action, of, s.rule + "/" + s.action, s.rule + "/" + of}
}

func (s sending) name() string {
	return fmt.Sprintf("%s of rule %s, action %s", s.kind, s.rule, s.action)
}

// String returns the message on one line.
func (s sending) String() string { return s.name() + ": " + string(s.request) }

// describe returns the description of an expected message.
func describe(m *suite.Message) string {
	var parts []string
	for _, p := range []struct{ name, value string }{{"rule", m.Rule}, {"action", m.Action}, {"kind", m.Kind}} {
		if p.value != "" {
			parts = append(parts, p.name+" "+p.value)
		}
	}
	for _, p := range []struct {
		name  string
		value any
	}{{"is", m.Is}, {"like", m.Like}} {
		if p.value != nil {
			parts = append(parts, p.name+" "+oneLine(p.value))
		}
	}
	if len(m.Contains) > 0 {
		parts = append(parts, "contains "+oneLine(m.Contains))
	}
	if len(parts) == 0 {
		return "any message"
	}
	return strings.Join(parts, ", ")
}

// mismatch returns how a message differs from the expected one; empty if it
// matches.
func mismatch(m *suite.Message, s sending) string {
	var faults []string
	for _, p := range []struct{ name, want, got string }{
		{"rule", m.Rule, s.rule}, {"kind", m.Kind, s.kind},
	} {
		if p.want != "" && p.want != p.got {
			faults = append(faults, lineDiff([]string{p.name + ": " + p.want}, []string{p.name + ": " + p.got}))
		}
	}
	if m.Action != "" && !slices.Contains(s.names(), m.Action) {
		faults = append(faults, lineDiff([]string{"action: " + m.Action}, []string{"action: " + s.action}))
	}
	got, err := event.ReadJSON(s.request)
	if err != nil {
		return "the message cannot be read: " + err.Error()
	}
	if m.Is != nil && !eval.Equal(m.Is, got) {
		faults = append(faults, lineDiff(prettyLines(m.Is), prettyLines(got)))
	}
	if m.Like != nil {
		if d := mismatches("", m.Like, got); len(d) > 0 {
			faults = append(faults, strings.Join(d, ""))
		}
	}
	text := strings.Join(textsIn(got), "\n")
	for _, c := range m.Contains {
		if !strings.Contains(text, c) {
			faults = append(faults, fmt.Sprintf("- contains %q\n+ %s\n", c, oneLine(got)))
		}
	}
	for _, c := range m.Lacks {
		if strings.Contains(text, c) {
			faults = append(faults, fmt.Sprintf("- lacks %q\n+ %s\n", c, oneLine(got)))
		}
	}
	return strings.Join(faults, "")
}

// mismatches lists where got differs from want. An object may have additional
// fields; a list must have the same length.
func mismatches(path string, want, got any) []string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		var out []string
		for _, k := range slices.Sorted(maps.Keys(w)) {
			inner := strings.TrimPrefix(path+"."+k, ".")
			value, has := g[k]
			if !has {
				out = append(out, fmt.Sprintf("- %s: %s\n+ %s is missing\n", inner, oneLine(w[k]), inner))
				continue
			}
			out = append(out, mismatches(inner, w[k], value)...)
		}
		return out
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			break
		}
		var out []string
		for i := range w {
			out = append(out, mismatches(fmt.Sprintf("%s[%d]", path, i), w[i], g[i])...)
		}
		return out
	}
	if eval.Equal(want, got) {
		return nil
	}
	if path == "" {
		path = "message"
	}
	return []string{fmt.Sprintf("- %s: %s\n+ %s: %s\n", path, oneLine(want), path, oneLine(got))}
}

// textsIn lists all values in v as text, without field names.
func textsIn(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case []any:
		var out []string
		for _, item := range x {
			out = append(out, textsIn(item)...)
		}
		return out
	case map[string]any:
		var out []string
		for _, k := range slices.Sorted(maps.Keys(x)) {
			out = append(out, textsIn(x[k])...)
		}
		return out
	}
	return []string{oneLine(v)}
}

func encode(v any, indent string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimRight(b.String(), "\n")
}

func oneLine(v any) string { return encode(v, "") }

func prettyLines(v any) []string { return strings.Split(encode(v, "  "), "\n") }
