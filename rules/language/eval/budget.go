package eval

import (
	"errors"
	"reflect"
	"regexp"
	"regexp/syntax"

	"github.com/gavel-rules/gavel/event"
)

// MaxWork is the most that one evaluation of an expression may cost, in steps.
// A step takes about 100 ns, so this is about 0.1 s. It is not a time limit,
// because then a rule would depend on the load of the machine.
const MaxWork = 1_000_000

const (
	BytesPerStep = 16
	// CallWork is the cost of a call, LookWork that of each answer of a form that
	// it reads.
	CallWork = 16
	LookWork = 4
	// patternWork is the cost of compiling a regular expression that is not
	// known when rules are loaded.
	patternWork = 20_000
	// MaxPattern is the largest number of instructions of a compiled regular
	// expression. Matching may run all of them for each character.
	MaxPattern = 5000
	// PatternShare is how many instructions of a regular expression one step
	// covers.
	PatternShare = 8
)

var (
	errTooLong = errors.New("the expression takes too many steps")
	errPattern = errors.New("the regular expression is too large")
)

// Budget is the number of steps left for one evaluation.
type Budget struct{ Left int }

func (b *Budget) spend(steps int) error {
	if b.Left -= steps; b.Left < 0 {
		return errTooLong
	}
	return nil
}

// weight is how many steps it costs to read a value.
func weight(v any) int {
	switch x := v.(type) {
	case nil, bool, int, float64:
		return 1
	case string:
		return 1 + len(x)/BytesPerStep
	case []any:
		return 1 + len(x)
	case map[string]any:
		return 1 + len(x)
	case *event.Meeting:
		if x == nil {
			return 1
		}
		return 1 + len(x.Info.FormValues) + len(x.Info.SurveyQuestions) + len(x.Info.OptionalInvitees)/BytesPerStep
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		return 1 + r.Len()
	case reflect.String:
		return 1 + r.Len()/BytesPerStep
	}
	return 1
}

// weigh spends the cost of reading a value factor times and returns the value.
func weigh(args ...any) (any, error) {
	b, _ := args[0].(*Budget)
	factor, _ := args[2].(int)
	return args[1], b.spend(weight(args[1]) * factor)
}

// boundedMatch is `matches` with a pattern that is not known when rules are
// loaded.
func boundedMatch(args ...any) (any, error) {
	b, _ := args[0].(*Budget)
	text, isText := args[1].(string)
	pattern, isPattern := args[2].(string)
	if args[1] == nil || args[2] == nil {
		return false, nil
	}
	if !isText || !isPattern {
		return nil, errors.New("matches needs text on both sides")
	}
	if err := b.spend(patternWork); err != nil {
		return nil, err
	}
	size, err := PatternSize(pattern)
	if err != nil {
		return nil, err
	}
	if size > MaxPattern {
		return nil, errPattern
	}
	if err := b.spend(weight(text) * (1 + size/PatternShare)); err != nil {
		return nil, err
	}
	r, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	return r.MatchString(text), nil
}

// PatternSize is the number of instructions of a compiled regular expression.
// Repetitions are estimated first, because compiling them could take forever.
func PatternSize(pattern string) (int, error) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, err
	}
	if n := unrolled(tree); n > MaxPattern {
		return n, nil
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return 0, err
	}
	return len(prog.Inst), nil
}

// unrolled estimates the number of instructions of a tree.
func unrolled(r *syntax.Regexp) int {
	n := 1 + len(r.Rune)
	for _, sub := range r.Sub {
		n = min(n+unrolled(sub), 1<<30)
	}
	if r.Op == syntax.OpRepeat {
		n = min(n*max(r.Min, r.Max, 1), 1<<30)
	}
	return n
}
