package language

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/expr-lang/expr/checker/nature"
	"github.com/gavel-rules/gavel/rules/language/eval"
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
