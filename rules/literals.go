package rules

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

// literals looks at arguments that are written out, so that a time zone or a
// duration that does not exist is found when the file is read.
func (l *lookup) literals(n *ast.CallNode, name string) {
	i := slices.IndexFunc(l.comp.functions, func(f Function) bool { return f.Name == name })
	if i < 0 {
		return
	}
	f := l.comp.functions[i]
	if name == "duration" {
		l.literalCall(n, n.Arguments, f.call)
		return
	}
	if f.zone == 0 || len(n.Arguments) <= f.zone {
		return
	}
	zone, ok := n.Arguments[f.zone].(*ast.StringNode)
	if !ok {
		return
	}
	if _, err := l.comp.library.zone(zone.Value); err != nil {
		l.problem(zone, err.Error(), "use a name of the IANA list, such as Europe/Berlin")
	}
}

// literalCall tries a call whose arguments are all written out.
func (l *lookup) literalCall(n ast.Node, arguments []ast.Node, call func(...any) (any, error)) {
	args := make([]any, 0, len(arguments))
	for _, a := range arguments {
		s, ok := a.(*ast.StringNode)
		if !ok {
			return
		}
		args = append(args, s.Value)
	}
	if len(args) == 0 {
		return
	}
	hint := ""
	if b, ok := n.(*ast.BuiltinNode); ok && b.Name == "date" {
		hint = "write it as 2026-01-31 or 2026-01-31T09:30:00Z"
	}
	if _, err := call(args...); err != nil {
		at := arguments[0].Location()
		l.problems = append(l.problems, problem{from: at.From, to: at.To, message: err.Error(), hint: hint})
	}
}
