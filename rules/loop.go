package rules

import (
	"encoding/json"
	"fmt"
	"reflect"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
)

// Limits of a for_each.
const (
	MaxElements    = 100
	maxElementSize = 256 << 10 // of all elements together, in bytes of JSON
)

// Elements evaluates the list of a loop. Each element is JSON, because a run
// keeps them.
func (f *Flow) Elements(s *language.Scope) ([]json.RawMessage, error) {
	v, err := f.List.Eval(s)
	if err != nil || v == nil {
		return nil, err
	}
	list := reflect.ValueOf(v)
	if list.Kind() != reflect.Slice {
		return nil, f.List.Fail(fmt.Errorf("for_each needs a list, but this is %s", language.KindOfValue(v)))
	}
	if n := list.Len(); n > f.Max {
		return nil, f.List.Fail(fmt.Errorf("the list has %d elements, but max is %d; nothing was sent", n, f.Max))
	}
	size, out := 0, make([]json.RawMessage, list.Len())
	for i := range out {
		raw, err := eval.JsonText(list.Index(i).Interface())
		if err != nil {
			return nil, f.List.Fail(fmt.Errorf("element %d cannot be kept: %w", i, err))
		}
		if size += len(raw); size > maxElementSize {
			return nil, f.List.Fail(fmt.Errorf("the elements are larger than %d KiB; nothing was sent", maxElementSize>>10))
		}
		out[i] = json.RawMessage(raw)
	}
	return out, nil
}

// EachWords are the names that the actions of a loop have for its element i.
func (f *Flow) EachWords(raw json.RawMessage, i int) map[string]any {
	v, err := f.List.Element().Decode(raw)
	if err != nil {
		v = f.List.Element().Zero() // absent
	}
	return map[string]any{eval.WordEach: v, eval.WordEachIndex: i}
}

// loop lays out a for_each: what stands beside it is carried out for each
// element.
func (y *layout) loop(d *ruleDecoder, x *draft, parent *draft) *draft {
	if y.full(d, x.node, parent) {
		return nil
	}
	y.add(x, parent)
	if outer := x.step.Loop(); outer != nil {
		d.Fail(x.at.Key, "a for_each cannot be inside another one", "join the two lists to one, or use two rules")
	}
	y.l.draftLoop(d, x)
	body := y.one(d, x.node, x)
	if body != nil {
		x.step.ContinueOnError = body.onError(d)
	}
	return x
}

// onError reports whether the action continues after a failure; what is wrong
// with the key is reported elsewhere.
func (x *draft) onError(d *ruleDecoder) bool {
	e, given := x.keys["on_error"]
	return given && text.Resolve(e.Value).Value == "continue"
}

// loopOf returns the draft of the for_each of an entry; nil if it has none.
func (l *loader) loopOf(d *ruleDecoder, n *yaml.Node, index int) *draft {
	for _, e := range d.QuietEntries(n) {
		if e.Name != string(FlowLoop) {
			continue
		}
		x := &draft{d: d, node: n, keys: map[string]text.Entry{}, at: e, step: &Step{
			Index: index, ID: string(FlowLoop) + "#" + itoa(index+1), Kind: string(FlowLoop), Local: true,
			Pos: text.Position{File: d.Doc.Name, Line: n.Line, Column: n.Column},
		}}
		x.step.Flow = &Flow{Kind: FlowLoop, Max: MaxElements}
		return x
	}
	return nil
}

// draftLoop reads max.
func (l *loader) draftLoop(d *ruleDecoder, x *draft) {
	for _, e := range d.QuietEntries(x.node) {
		if e.Name != "max" {
			continue
		}
		if n := text.Resolve(e.Value); n.Tag != "!!int" {
			d.Fail(n, "max must be a number, not "+text.Article(n), "")
		} else if err := n.Decode(&x.step.Flow.Max); err != nil || x.step.Flow.Max < 1 || x.step.Flow.Max > MaxElements {
			d.Fail(n, fmt.Sprintf("max must be between 1 and %d", MaxElements), "")
		}
	}
}

// finishLoop compiles the list of a for_each.
func (l *loader) finishLoop(d *ruleDecoder, x *draft) {
	n := text.Resolve(x.at.Value)
	switch {
	case n.Tag == "!!null":
		d.Empty(x.at)
		return
	case n.Kind != yaml.ScalarNode:
		d.Fail(n, "for_each must be an expression, not "+text.Article(n), "write one such as invitees()")
		return
	}
	x.step.Flow.List = d.Expression(n, n.Value, "")
	switch list := x.step.Flow.List; list.Kind() {
	case language.KindList, language.KindAny, language.KindNothing:
	default:
		d.FailAt(list.Position(), len([]rune(list.Source)), "for_each needs a list, but this is "+string(list.Kind()), "write one such as invitees(), or [x] for a single value")
	}
}

// noWait reports a wait inside a for_each: a run waits at one place at a time.
func (l *loader) noWait(d *ruleDecoder, x *draft) {
	d.Fail(x.at.Key, "a wait cannot be inside a for_each", "put it before the for_each")
}
