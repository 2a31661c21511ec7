package language

import (
	"encoding/json"
	"maps"
	"reflect"

	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/types"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language/eval"
)

// Result is the type of an action's result. The zero Result means that the
// action returns nothing.
type Result struct {
	of     types.Type
	goType reflect.Type // nil if of is any
	list   bool         // of such results
	shape  string       // of a chain, the names and types of its outputs
}

// ResultOf is a result of the type of v, or the zero Result for nil.
func ResultOf(v any) Result {
	if v == nil {
		return Result{}
	}
	return Result{of: types.TypeOf(v), goType: reflect.TypeOf(v)}
}

// ResultOfNames is a result with these names: what a chain returns.
func ResultOfNames(names Memory) Result {
	if len(names) == 0 {
		return Result{}
	}
	shape, _ := json.Marshal(names) // cannot fail: it has only texts
	return Result{of: names.types(), shape: string(shape)}
}

// AnyResult is a result of unknown type, on which any field is accepted.
func AnyResult() Result { return Result{of: types.Any} }

// List is a list of such results.
func (r Result) List() Result {
	if r.of == nil {
		return r
	}
	return Result{of: types.Array(r.of), goType: r.goType, list: true, shape: r.shape}
}

// Decode reads a value of this type from JSON.
func (r Result) Decode(raw []byte) (any, error) {
	if r.goType == nil {
		return event.ReadJSON(raw)
	}
	v := reflect.New(r.goType)
	err := event.UnmarshalExact(raw, v.Interface())
	return v.Elem().Interface(), err
}

// Zero is the absent value of this type.
func (r Result) Zero() any {
	switch {
	case r.goType == nil:
		return nil
	case r.goType.Kind() == reflect.Pointer:
		return reflect.New(r.goType.Elem()).Interface()
	}
	return reflect.Zero(r.goType).Interface()
}

func (r Result) same(o Result) bool {
	return r.goType == o.goType && (r.of == nil) == (o.of == nil) && r.list == o.list && r.shape == o.shape
}

// actionNames are the names inside an action, after earlier ones with these
// results. Many rules have the same actions, and making the names and their
// types costs as much as compiling an expression.
type actionNames struct {
	earlier map[string]Result
	sets    [4]*nameSet // by whether there is a window and a throttle
}

type nameSet struct {
	names types.Map
	env   nature.Nature
}

// maxActionNames is how many actionNames a compiler keeps.
const maxActionNames = 32

// namesAfter finds the names after actions with these results.
func (c *Compiler) namesAfter(earlier map[string]Result) *actionNames {
	for _, known := range c.actions {
		if maps.EqualFunc(known.earlier, earlier, Result.same) {
			return known
		}
	}
	n := &actionNames{earlier: maps.Clone(earlier)}
	if len(c.actions) < maxActionNames {
		c.actions = append(c.actions, n)
	}
	return n
}

// set returns the names for a rule with or without windows.
func (n *actionNames) set(c *Compiler, gathers, throttled bool) *nameSet {
	at := 0
	if gathers {
		at = 1
	}
	if throttled {
		at += 2
	}
	if n.sets[at] == nil {
		n.sets[at] = &nameSet{names: n.make(c, gathers, throttled)}
		n.sets[at].env = n.sets[at].names.Nature()
	}
	return n.sets[at]
}

func (n *actionNames) make(c *Compiler, gathers, throttled bool) types.Map {
	names, results := c.matchVocabulary().names, types.Map{}
	for id, result := range n.earlier {
		if result.of != nil {
			results[id] = result.of
		}
	}
	names[eval.WordActions] = results
	names[eval.WordPrevious] = types.TypeOf(&event.Meeting{})
	names[eval.WordReschedules] = types.Int
	names[eval.KnownWord] = types.Bool
	if gathers {
		names[eval.WordWindow] = types.TypeOf(&event.Gathering{})
	}
	if throttled {
		names[eval.WordThrottle] = types.TypeOf(&throttleView{})
	}
	return names
}

// ActionVocabulary is for everything inside an action. earlier are the results
// of earlier actions by id; later are the ids of the others.
func (c *Compiler) ActionVocabulary(earlier map[string]Result, later []string) *Vocabulary {
	w := &Vocabulary{comp: c, actions: c.namesAfter(earlier), later: later}
	for id, result := range earlier {
		if result.of == nil {
			w.silent = append(w.silent, id)
		}
	}
	w.use(false, false)
	return w
}

func (w *Vocabulary) use(gathers, throttled bool) {
	set := w.actions.set(w.comp, gathers, throttled)
	w.names, w.env = set.names, &set.env
}

// AddWindows adds window to the names of an action for a rule with a threshold
// or digest, and throttle for one with a throttle.
func (w *Vocabulary) AddWindows(gathers, throttled bool) {
	w.use(gathers, throttled)
	w.absent = map[string]string{}
	w.comp.addMemory(&Vocabulary{names: types.Map{}, absent: w.absent})
	if !gathers {
		w.absent[eval.WordWindow] = "give the rule a threshold or a digest"
	}
	if !throttled {
		w.absent[eval.WordThrottle] = "give the rule a throttle"
	}
	w.absent[eval.WordEach] = onlyInLoops
	w.absent[eval.WordEachIndex] = onlyInLoops
	w.absent[eval.WordInputs] = onlyInChains
	w.absent[eval.WordPage] = onlyInPages
}

const (
	onlyInLoops  = "it is an element of a for_each; use it in the actions of one"
	onlyInChains = "it has the inputs of a chain; use it in the steps and outputs of one"
	onlyInPages  = "it is one page of a list; use it below pages, or read the action's items"
	notInChains  = "a chain sees only its inputs and the event; make it an input of the chain"
)

// AddInputs adds the inputs of a chain to the names of its steps, and takes away
// what belongs to the rule that uses it.
func (w *Vocabulary) AddInputs(inputs Memory) {
	names := maps.Clone(w.names)
	names[eval.WordInputs] = inputs.types()
	env := names.Nature()
	w.names, w.env = names, &env
	w.absent = maps.Clone(w.absent)
	delete(w.absent, eval.WordInputs)
	for _, word := range []string{eval.WordWindow, eval.WordThrottle, eval.WordEach, eval.WordEachIndex} {
		w.absent[word] = notInChains
	}
}

// AddEach adds each, of the given type, and each_index to the names.
func (w *Vocabulary) AddEach(element Result) {
	names := maps.Clone(w.names)
	names[eval.WordEach], names[eval.WordEachIndex] = element.of, types.Int
	env := names.Nature()
	w.names, w.env = names, &env
	w.absent = maps.Clone(w.absent)
	delete(w.absent, eval.WordEach)
	delete(w.absent, eval.WordEachIndex)
}

// With returns the names with more of them, by a zero value of each.
func (w *Vocabulary) With(words map[string]any) *Vocabulary {
	out := *w
	out.names, out.absent = maps.Clone(w.names), maps.Clone(w.absent)
	for name, zero := range words {
		out.names[name] = types.TypeOf(zero)
		delete(out.absent, name)
	}
	env := out.names.Nature()
	out.env = &env
	return &out
}

// Element is the type of the items of the program's value; any if that is not
// known at load.
func (p *Program) Element() Result {
	if p.element == nil {
		return AnyResult()
	}
	return ResultOf(reflect.Zero(p.element).Interface())
}

// elementOf returns the type of the items of a list; nil if it is not known, or
// if its values cannot be read from JSON again.
func elementOf(n *nature.Nature, cache *nature.Cache) reflect.Type {
	if n.Nil || n.IsUnknown(cache) || !n.IsArray() {
		return nil
	}
	of := n.Elem(cache)
	if of.Nil || of.IsUnknown(cache) || of.Type == nil || of.Type.Kind() == reflect.Interface || of.Type.Kind() == reflect.Map {
		return nil
	}
	if of.Type.Kind() == reflect.Struct && !of.IsTime() {
		return reflect.PointerTo(of.Type) // as the other names in scope
	}
	return of.Type
}

// Collected describes what the rule of a schedule reads as window.
type Collected struct {
	By   []string     // names below window.by
	Rows reflect.Type // of window.rows
}

// AddCollected adds window as a rule with a schedule has it.
func (w *Vocabulary) AddCollected(c Collected) {
	w.detach()
	by := types.Map{}
	for _, name := range c.By {
		by[name] = types.TypeOf([]event.KeyCount{})
	}
	w.names[eval.WordWindow] = types.Map{
		"count": types.Int, "failed": types.Int, "rows_left_out": types.Int,
		"events": types.TypeOf([]event.Gathered{}), "rows": types.TypeOf(reflect.Zero(c.Rows).Interface()),
		"since": types.TypeOf(event.Envelope{}.Timestamp), "until": types.TypeOf(event.Envelope{}.Timestamp), "by": by,
	}
	delete(w.absent, eval.WordWindow)
}

// Forbid takes names away; reason says why they cannot be used here.
func (w *Vocabulary) Forbid(reason string, names ...string) {
	w.detach()
	for _, name := range names {
		delete(w.names, name)
		w.absent[name] = reason
	}
}

// detach gives the vocabulary names of its own, which may be changed.
func (w *Vocabulary) detach() {
	w.names, w.absent, w.env = maps.Clone(w.names), maps.Clone(w.absent), nil
	if w.absent == nil {
		w.absent = map[string]string{}
	}
}
