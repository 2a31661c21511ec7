package language

import (
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr/types"

	"github.com/gavel-rules/gavel/event"
)

// Vocabulary is what the expressions at one place can see.
type Vocabulary struct {
	names types.Map
	// absent names exist elsewhere; the text says why they do not here.
	absent map[string]string
	// Empty names are never filled at this place; the text says why.
	Empty map[string]string
	// later are ids of actions that have not run yet at this place, and silent
	// those that return nothing.
	later, silent []string
}

// words lists what an author can type, for suggestions.
func (w *Vocabulary) words() []string {
	var out []string
	for name := range w.names {
		if name != nowWord && name != knownWord && name != wordReschedules && name != budgetWord &&
			name != meetingGivenWord && name != changeGivenWord {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func budgetType() types.Type { return types.TypeOf(&budget{}) }

// eventWords are those that need an event.
func eventWords() []string {
	return []string{wordEvent, wordMeeting, wordChange, wordTest, wordData, wordActions, wordPrevious, wordReschedules, wordWindow, wordThrottle, nowWord}
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
		names:  types.Map{wordEnv: c.envType, budgetWord: budgetType()},
		absent: absentFor("only env can be used in vars", append(eventWords(), wordVars)...),
	}
}

// ConstantVocabulary is for connections.
func (c *Compiler) ConstantVocabulary() *Vocabulary {
	return &Vocabulary{
		names:  types.Map{wordEnv: c.envType, wordVars: c.varsType, budgetWord: budgetType()},
		absent: absentFor("only env and vars can be used here, because there is no event yet", eventWords()...),
	}
}

// MatchVocabulary is for the condition of a rule, which is evaluated before
// anything is looked up.
func (c *Compiler) MatchVocabulary() *Vocabulary {
	return &Vocabulary{
		names: types.Map{
			wordEvent:   types.TypeOf(&event.Envelope{}),
			wordMeeting: types.TypeOf(&event.Meeting{}),
			wordChange:  types.TypeOf(&event.Change{}),
			wordTest:    types.TypeOf(&event.Test{}),
			wordData:    types.Any,
			wordVars:    c.varsType,
			wordEnv:     c.envType,
			nowWord:     types.TypeOf(event.Envelope{}.Timestamp),
			budgetWord:  budgetType(),

			meetingGivenWord: types.Bool, changeGivenWord: types.Bool,
		},
		absent: map[string]string{
			wordActions:     "no action has run when a rule is matched; use it in the when of a later action",
			wordPrevious:    "it is looked up after a rule has matched; use it in the when of an action",
			wordReschedules: "it is looked up after a rule has matched; use it in the when of an action",
			wordWindow:      "events are counted after a rule has matched; use it in the actions",
			wordThrottle:    "runs are held back after a rule has matched; use it in the actions",
		},
	}
}

// ActionVocabulary is for everything inside the actions of a rule. earlier are
// the results of the actions before, by id.
func (c *Compiler) ActionVocabulary(earlier map[string]types.Type, later []string) *Vocabulary {
	w := c.MatchVocabulary()
	results := types.Map{}
	for id, result := range earlier {
		if result == nil {
			w.silent = append(w.silent, id)
			continue
		}
		results[id] = result
	}
	w.names[wordActions] = results
	w.names[wordPrevious] = types.TypeOf(&event.Meeting{})
	w.names[wordReschedules] = types.Int
	w.names[knownWord] = types.Bool
	w.absent, w.later = nil, later
	return w
}

// AddWindows adds what only rules with a threshold or a digest, and with a
// throttle, have.
func (w *Vocabulary) AddWindows(gathers, throttled bool) {
	w.absent = map[string]string{}
	if gathers {
		w.names[wordWindow] = types.TypeOf(&event.Gathering{})
	} else {
		w.absent[wordWindow] = "give the rule a threshold or a digest"
	}
	if throttled {
		w.names[wordThrottle] = types.TypeOf(&throttleView{})
	} else {
		w.absent[wordThrottle] = "give the rule a throttle"
	}
}

// LimitTo notes what no event of the types can carry. Types that nobody has
// documented can carry anything, and so can those that a pattern stands for.
func (w *Vocabulary) LimitTo(types []string) {
	if len(types) == 0 || slices.ContainsFunc(types, func(t string) bool { return !slices.Contains(event.Types(), t) }) {
		return
	}
	about := "events of type " + joinAnd(types) + " have no "
	if !slices.ContainsFunc(types, func(t string) bool { return strings.HasPrefix(t, "scheduling.") }) {
		w.never(about+"meeting", wordMeeting, wordPrevious)
	}
	if !slices.ContainsFunc(types, func(t string) bool { return strings.HasPrefix(t, "organization.") }) {
		w.never(about+"change", wordChange)
	}
}

func (w *Vocabulary) never(reason string, names ...string) {
	if w.Empty == nil {
		w.Empty = map[string]string{}
	}
	for _, name := range names {
		w.Empty[name] = reason
	}
}

func joinAnd(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " and " + list[last]
}

// throttleView is what expressions see of a throttle.
type throttleView struct {
	Suppressed int `json:"suppressed" expr:"suppressed"`
}

// typeOfValue describes a value of vars, so that a misspelt key is caught.
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
