package language

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/types"

	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
)

func (l *lookup) isFunction(name string) bool {
	return l.comp.config.Functions[name] != nil || l.comp.config.Builtins[name] != nil
}

func (l *lookup) functionNames() []string {
	var names []string
	for name := range l.comp.config.Functions {
		if !eval.IsGuard(name) {
			names = append(names, name)
		}
	}
	for name := range l.comp.config.Builtins {
		names = append(names, name)
	}
	return names
}

// OwnVariable reports whether an environment variable configures Gavel itself.
// Rules cannot read it, because it may be a secret, such as OTEL_… headers.
func OwnVariable(name string) bool {
	return strings.HasPrefix(name, "GAVEL_") || strings.HasPrefix(name, "OTEL_")
}

func mapKeys(n *nature.Nature) []string {
	var keys []string
	if n.TypeData != nil {
		for k := range n.Fields {
			keys = append(keys, k)
		}
	}
	return keys
}

// fieldNames lists the names of a struct's fields in expressions.
func fieldNames(t reflect.Type) []string {
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		if name := f.Tag.Get("expr"); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// IsIdentifier reports whether s can be a name in an expression.
func IsIdentifier(s string) bool { return identifier.MatchString(s) }

// remembered checks the name of something that rules remember.
func (l *lookup) remembered(property *ast.StringNode, known types.Map, place string) {
	_, found := known[property.Value]
	if _, any := known[types.Extra]; found || any {
		return
	}
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	hint := text.Suggest(property.Value, names)
	if len(names) == 0 {
		hint = "add the action remember: { " + place + ": { " + property.Value + ": … } }"
	}
	l.problem(property, "no rule remembers "+text.Quote(property.Value)+forPlace(place), hint)
}

func forPlace(place string) string {
	if place == "" {
		return ""
	}
	return " for " + place
}

// placeOf returns the node that n is a member of, or nil.
func placeOf(n ast.Node) ast.Node {
	if m, ok := n.(*ast.MemberNode); ok {
		return m.Node
	}
	return nil
}

// rememberedAt checks memory.PLACE.NAME; fields of a remembered value are free.
func (l *lookup) rememberedAt(n ast.Node, property *ast.StringNode) {
	m, _ := n.(*ast.MemberNode)
	if place, ok := m.Property.(*ast.StringNode); ok {
		if known, ok := l.comp.memory[place.Value].(types.Map); ok {
			l.remembered(property, known, place.Value)
		}
	}
}
