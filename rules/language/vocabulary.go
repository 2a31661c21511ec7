package language

import (
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/types"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules/language/eval"
)

// Vocabulary is the set of names that expressions at one place may use.
type Vocabulary struct {
	names types.Map
	env   *nature.Nature // of names, once something is compiled
	// absent names exist elsewhere; the value says why not here.
	absent map[string]string
	// Empty names are always absent here; the value says why.
	Empty map[string]string
	// later are the ids of actions that have not run yet here; silent are those
	// of actions that return nothing.
	later, silent []string
	// comp and actions make the names inside an action.
	comp    *Compiler
	actions *actionNames
	// own are the types of Gavel's own events that come here; nil if that is not
	// known.
	own []string
}

// take sets the names that the next expression may use.
func (c *Compiler) take(w *Vocabulary) {
	if w.env == nil {
		env := w.names.Nature()
		w.env = &env
	}
	c.config.EnvObject, c.config.Env, c.config.Strict = w.names, *w.env, w.env.Strict
}

// words lists the names that an author can write, for suggestions.
func (w *Vocabulary) words() []string {
	var out []string
	for name, of := range w.names {
		if list, ok := of.(types.Map); ok && len(list) == 0 && (name == eval.WordConditions || name == eval.WordTables) {
			continue // there are none
		}
		if name != eval.NowWord && name != eval.KnownWord && name != eval.WordReschedules && name != eval.BudgetWord &&
			name != eval.MeetingGivenWord && name != eval.ChangeGivenWord {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func budgetType() types.Type { return types.TypeOf(&eval.Budget{}) }

// eventWords are the names that need an event.
func eventWords() []string {
	return []string{eval.WordEvent, eval.WordMeeting, eval.WordChange, eval.WordTest, eval.WordOwn, eval.WordData, eval.WordActions, eval.WordPrevious, eval.WordReschedules, eval.WordWindow, eval.WordThrottle, eval.WordMemory, eval.WordEach, eval.WordEachIndex, eval.WordInputs, eval.WordPage, eval.WordConditions, eval.WordTables, eval.NowWord}
}

func absentFor(reason string, names ...string) map[string]string {
	out := map[string]string{}
	for _, n := range names {
		out[n] = reason
	}
	return out
}

// VarsVocabulary is for the values of vars.
func (c *Compiler) VarsVocabulary() *Vocabulary {
	return &Vocabulary{
		names:  types.Map{eval.WordEnv: c.envType, eval.BudgetWord: budgetType()},
		absent: absentFor("only env can be used in vars", append(eventWords(), eval.WordVars)...),
	}
}

// ConstantVocabulary is for connections.
func (c *Compiler) ConstantVocabulary() *Vocabulary {
	return &Vocabulary{
		names:  types.Map{eval.WordEnv: c.envType, eval.WordVars: c.varsType, eval.BudgetWord: budgetType()},
		absent: absentFor("only env and vars can be used here, because there is no event yet", eventWords()...),
	}
}

// MatchVocabulary is for the condition of a rule, which is evaluated before any
// lookup.
func (c *Compiler) MatchVocabulary() *Vocabulary {
	if c.match == nil {
		c.match = c.matchVocabulary()
		env := c.match.names.Nature()
		c.match.env = &env
	}
	out := *c.match
	return &out
}

func (c *Compiler) matchVocabulary() *Vocabulary {
	out := &Vocabulary{
		names: types.Map{
			eval.WordEvent:   types.TypeOf(&event.Envelope{}),
			eval.WordMeeting: types.TypeOf(&event.Meeting{}),
			eval.WordChange:  types.TypeOf(&event.Change{}),
			eval.WordTest:    types.TypeOf(&event.Test{}),
			eval.WordOwn:     types.TypeOf(&own.Facts{}),
			eval.WordData:    types.Any,
			eval.WordVars:    c.varsType,
			eval.WordEnv:     c.envType,
			eval.NowWord:     types.TypeOf(event.Envelope{}.Timestamp),
			eval.BudgetWord:  budgetType(),

			eval.WordConditions: c.conditionNames(), eval.WordTables: c.tableNames(),

			eval.MeetingGivenWord: types.Bool, eval.ChangeGivenWord: types.Bool,
		},
		absent: map[string]string{
			eval.WordActions:     "no action has run when a rule is matched; use it in the when of a later action",
			eval.WordPrevious:    "it is looked up after a rule has matched; use it in the when of an action",
			eval.WordReschedules: "it is looked up after a rule has matched; use it in the when of an action",
			eval.WordWindow:      "events are counted after a rule has matched; use it in the actions",
			eval.WordThrottle:    "runs are held back after a rule has matched; use it in the actions",
			eval.WordEach:        onlyInLoops,
			eval.WordEachIndex:   onlyInLoops,
			eval.WordInputs:      onlyInChains,
			eval.WordPage:        onlyInPages,
		},
	}
	c.addMemory(out)
	return out
}

// Memory is the types of what rules remember, by name; those of a place are a
// Memory.
type Memory map[string]any

// SetMemory sets what expressions compiled from now on can read as memory; nil
// if no rule remembers anything.
func (c *Compiler) SetMemory(m Memory) {
	c.match, c.actions, c.memory = nil, nil, nil
	if m != nil {
		c.memory = m.types()
	}
}

// SuppressMemoryErrors accepts any name in memory, because a file that could not
// be read may remember it.
func (c *Compiler) SuppressMemoryErrors() {
	c.match, c.actions, c.memory = nil, nil, types.Map{types.Extra: types.Any}
}

func (m Memory) types() types.Map {
	out := types.Map{}
	for name, what := range m {
		switch x := what.(type) {
		case Memory:
			out[name] = x.types()
		case Kind:
			out[name] = types.Any
			if zero := x.Absent(); zero != nil {
				out[name] = types.TypeOf(zero)
			}
		}
	}
	return out
}

// addMemory makes memory known, or says why it is not.
func (c *Compiler) addMemory(w *Vocabulary) {
	if c.memory != nil {
		w.names[eval.WordMemory] = c.memory
		return
	}
	w.absent[eval.WordMemory] = "no rule remembers anything; add the action remember: { name: value }"
}

func (c *Compiler) conditionNames() types.Map {
	out := types.Map{}
	for name := range c.shared {
		out[name] = types.Bool
	}
	return out
}

// LimitTo sets the names that events of these types never have. Patterns and
// undocumented types may have all, except that only those that begin with gavel.
// are Gavel's own.
func (w *Vocabulary) LimitTo(listed []string) {
	if len(listed) == 0 {
		return
	}
	w.own = ownTypes(listed)
	about := "events of type " + joinAnd(listed) + " have no "
	if len(w.own) == 0 {
		w.never(about+"facts of Gavel's own", eval.WordOwn)
	}
	if slices.ContainsFunc(listed, func(t string) bool { return !own.Is(t) && !slices.Contains(event.Types(), t) }) {
		return
	}
	if !slices.ContainsFunc(listed, func(t string) bool { return strings.HasPrefix(t, "scheduling.") }) {
		w.never(about+"meeting", eval.WordMeeting, eval.WordPrevious)
	}
	if !slices.ContainsFunc(listed, func(t string) bool { return strings.HasPrefix(t, "organization.") }) {
		w.never(about+"change", eval.WordChange)
	}
}

// LimitLike sets the same limits as those of other names.
func (w *Vocabulary) LimitLike(o *Vocabulary) { w.Empty, w.own = o.Empty, o.own }

// ownTypes are the types of Gavel's own events among types and patterns; a
// pattern stands for itself if it matches none.
func ownTypes(listed []string) []string {
	out := []string{}
	for _, t := range listed {
		before, _, pattern := strings.Cut(t, "*")
		known := slices.DeleteFunc(own.Types(), func(known string) bool { return !pattern || !strings.HasPrefix(known, before) })
		switch {
		case !own.Is(t):
		case len(known) > 0:
			out = append(out, known...)
		default:
			out = append(out, t)
		}
	}
	return out
}

func (w *Vocabulary) never(reason string, names ...string) {
	if w.Empty == nil {
		w.Empty = map[string]string{}
	}
	for _, name := range names {
		w.Empty[name] = reason
	}
}

// ownFields are the facts that events of some of these types have.
func ownFields(types []string) []string {
	return slices.DeleteFunc(own.FieldNames(), func(name string) bool { return own.Lacks(types, name) })
}

func joinOr(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

func joinAnd(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " and " + list[last]
}

// throttleView is a throttle in expressions.
type throttleView struct {
	Suppressed int `json:"suppressed" expr:"suppressed"`
}

// typeOfValue returns the type of a value of vars, so that misspelt keys are
// found.
func typeOfValue(v any) types.Type {
	switch x := v.(type) {
	case nil, event.Number:
		return types.Any
	case map[string]any:
		m := types.Map{}
		for k, item := range x {
			m[k] = typeOfValue(item)
		}
		return m
	case []any:
		return types.Array(elementType(x))
	}
	return types.TypeOf(v)
}

// elementType is the common type of a list's items, or any.
func elementType(items []any) types.Type {
	if len(items) == 0 {
		return types.Any
	}
	kind := reflect.TypeOf(items[0])
	for _, item := range items {
		if reflect.TypeOf(item) != kind || kind == nil || kind.Kind() == reflect.Map || kind.Kind() == reflect.Slice || kind.Kind() == reflect.Struct {
			return types.Any
		}
	}
	return types.TypeOf(items[0])
}
