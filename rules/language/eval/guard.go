package eval

import (
	"errors"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/vm/runtime"
)

// maxText is how long text may grow inside an expression, in bytes. The
// expression library limits lists but not text, so functions that can make text
// longer are limited here.
const maxText = 1 << 20

// maxRepeat limits both arguments of repeat: the text and the count.
const maxRepeat = 5000

func IsGuard(name string) bool {
	return strings.HasPrefix(name, RowWord) || strings.HasPrefix(name, RowsWord) || isMeaning(name) || name == boundedWord || name == repeatedWord || name == WeighedWord || name == MatchedWord
}

// MemoryBudget is the most values that one evaluation may create.
const MemoryBudget = 100_000

var errTooMuch = errors.New("memory budget exceeded")

// Guard adds the functions that limit others.
func Guard(c *conf.Config) {
	meanings(c)
	bounding(c, "replace", replacedSize)
	bounding(c, "join", joinedSize)
	c.Functions[boundedWord] = &builtin.Function{
		Name: boundedWord, Types: typesOf(func(any) any { return nil }),
		Func: func(args ...any) (any, error) {
			if s, ok := args[0].(string); ok && len(s) > maxText {
				return nil, errTooMuch
			}
			return args[0], nil
		},
	}
	c.Functions[WeighedWord] = &builtin.Function{
		Name: WeighedWord, Types: typesOf(func(*Budget, any, int) any { return nil }), Func: weigh,
	}
	c.Functions[MatchedWord] = &builtin.Function{
		Name: MatchedWord, Types: typesOf(func(*Budget, any, any) bool { return false }), Func: boundedMatch,
	}
	c.Functions[repeatedWord] = &builtin.Function{
		Name: repeatedWord, Types: typesOf(func(any) any { return nil }), Func: boundedRepeat,
	}
}

func boundedRepeat(args ...any) (any, error) {
	switch x := args[0].(type) {
	case string:
		if len(x) > maxRepeat {
			return nil, errTooMuch
		}
	case nil:
		return nil, errors.New("repeat() needs a value, but it is missing")
	default:
		if runtime.ToInt(x) > maxRepeat {
			return nil, errTooMuch
		}
	}
	return args[0], nil
}

// bounding wraps a builtin in a check of the size of its result.
func bounding(c *conf.Config, name string, size func(args []any) float64) {
	original := c.Builtins[name]
	c.Functions[name] = &builtin.Function{
		Name: name, Types: original.Types,
		Func: func(args ...any) (any, error) {
			if size(args) > maxText {
				return nil, errTooMuch
			}
			return original.Func(args...)
		},
	}
}

func replacedSize(args []any) float64 {
	if len(args) < 3 {
		return 0
	}
	s, _ := args[0].(string)
	old, _ := args[1].(string)
	return float64(len(s)) + float64(strings.Count(s, old))*float64(length(args, 2))
}

func joinedSize(args []any) float64 {
	total, items := 0.0, 0
	switch list := args[0].(type) {
	case []string:
		items = len(list)
		for _, s := range list {
			total += float64(len(s))
		}
	case []any:
		items = len(list)
		for i := range list {
			total += float64(length(list, i))
		}
	}
	return total + float64(items)*float64(length(args, 1))
}

func length(args []any, i int) int {
	if i >= len(args) {
		return 0
	}
	s, _ := args[i].(string)
	return len(s)
}

// Growth limits values that an expression can use again: variables and the
// accumulator of reduce.
type Growth struct{ Cache *nature.Cache }

// Visit implements ast.Visitor.
func (g *Growth) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.VariableDeclaratorNode:
		g.bound(&n.Value)
	case *ast.BuiltinNode:
		if n.Name == "repeat" {
			for i := range n.Arguments {
				wrap(&n.Arguments[i], repeatedWord)
			}
		}
		if n.Name == "reduce" && len(n.Arguments) > 1 {
			if body, ok := n.Arguments[1].(*ast.PredicateNode); ok {
				g.bound(&body.Node)
			}
		}
	}
}

func (g *Growth) bound(value *ast.Node) {
	n := (*value).Nature()
	if !n.IsString() && !n.IsUnknown(g.Cache) {
		return
	}
	wrap(value, boundedWord)
}

func wrap(value *ast.Node, word string) {
	call := &ast.CallNode{Callee: &ast.IdentifierNode{Value: word}, Arguments: []ast.Node{*value}}
	call.Callee.SetLocation((*value).Location())
	ast.Patch(value, call)
}
