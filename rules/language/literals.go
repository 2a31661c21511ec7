package language

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/spelling"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
)

// literals checks literal arguments, so that an unknown time zone or an invalid
// duration is found when the file is read.
func (l *lookup) literals(n *ast.CallNode, name string) {
	i := slices.IndexFunc(l.comp.functions, func(f eval.Function) bool { return f.Name == name })
	if i < 0 {
		return
	}
	f := l.comp.functions[i]
	if name == "duration" {
		l.literalCall(n, n.Arguments, f.Call)
		return
	}
	l.clockLiterals(n, name)
	l.patternLiteral(n, name)
	l.countryLiteral(n, f.Country)
	if f.Zone == 0 || len(n.Arguments) <= f.Zone {
		return
	}
	zone, ok := n.Arguments[f.Zone].(*ast.StringNode)
	if !ok {
		return
	}
	if _, err := l.comp.library.Zone(zone.Value); err != nil {
		l.problem(zone, err.Error(), "use an IANA name, such as Europe/Berlin")
	}
}

// patternLiteral checks a literal regular expression of regexReplace, which has
// a hidden first argument.
func (l *lookup) patternLiteral(n *ast.CallNode, name string) {
	if name != eval.ReplaceWord || len(n.Arguments) < 3 {
		return
	}
	if s, ok := n.Arguments[2].(*ast.StringNode); ok {
		if err := l.comp.library.Pattern(s.Value); err != nil {
			l.problem(s, err.Error(), "")
		}
	}
}

func (l *lookup) countryLiteral(n *ast.CallNode, at int) {
	if at == 0 || len(n.Arguments) <= at {
		return
	}
	if s, ok := n.Arguments[at].(*ast.StringNode); ok && s.Value != "" {
		if _, err := eval.CountryOf(s.Value); err != nil {
			l.problem(s, err.Error(), "")
		}
	}
}

// clockLiterals checks literal times of day and layouts.
func (l *lookup) clockLiterals(n *ast.CallNode, name string) {
	for i, a := range n.Arguments {
		s, ok := a.(*ast.StringNode)
		switch {
		case !ok:
		case name == "between" && (i == 1 || i == 2):
			if _, err := eval.MinuteOfDay(s.Value); err != nil {
				l.problem(s, err.Error(), `write it with two digits for the hour, as "09:00" or "17:30"`)
			}
		case name == "format" && i == 1 && !hasTimeParts(s.Value):
			l.problem(s, text.Quote(text.Clip(s.Value, 40))+" contains no part of a time", `write the layout as Go does, such as "2 Jan 2006 15:04", or date, time, datetime or long`)
		}
	}
}

// hasTimeParts reports whether a layout formats different times differently.
func hasTimeParts(name string) bool {
	one := time.Date(2021, 2, 3, 4, 5, 6, 7, time.UTC)
	other := time.Date(2032, 11, 26, 17, 38, 49, 123456789, time.FixedZone("X", 3600))
	return one.Format(eval.Layout(name)) != other.Format(eval.Layout(name))
}

// weekdays checks comparisons of weekday() with values that it never returns.
func (l *lookup) weekdays(n *ast.BinaryNode) {
	if !callsWeekday(n.Left) {
		return
	}
	for _, c := range comparedWith(n) {
		switch s := c.(type) {
		case *ast.StringNode:
			if s.Value != "" && !slices.Contains(dayNames(), s.Value) {
				l.problem(s, "weekday() never returns "+text.Quote(text.Clip(s.Value, 40)), dayHint(s.Value))
			}
		case *ast.IntegerNode:
			l.problem(s, "weekday() returns a name, not a number", `write "Monday"`)
		}
	}
}

// comparedWith lists the values that the left side is compared with by ==, != or
// in a list.
func comparedWith(n *ast.BinaryNode) []ast.Node {
	if list, ok := n.Right.(*ast.ArrayNode); ok && n.Operator == "in" {
		return list.Nodes
	}
	if n.Operator != "==" && n.Operator != "!=" {
		return nil
	}
	return []ast.Node{n.Right}
}

// causes checks comparisons of the cause of a failed action with values that it
// never has.
func (l *lookup) causes(n *ast.BinaryNode) {
	cause, ok := n.Left.(*ast.MemberNode)
	if !ok || cause.Node.Nature().Type != reflect.TypeFor[eval.ActionError]() {
		return
	}
	if name, ok := cause.Property.(*ast.StringNode); !ok || name.Value != "cause" {
		return
	}
	for _, c := range comparedWith(n) {
		if s, ok := c.(*ast.StringNode); ok && s.Value != "" && !slices.Contains(event.Causes(), event.Cause(s.Value)) {
			l.problem(s, "an action never fails with the cause "+text.Quote(text.Clip(s.Value, 40)), causeHint(s.Value))
		}
	}
}

func causeHint(got string) string {
	var known []string
	for _, c := range event.Causes() {
		known = append(known, string(c))
	}
	if best, ok := spelling.Nearest(got, known); ok {
		return "did you mean " + text.Quote(best) + "?"
	}
	return "write one of " + strings.Join(known, ", ")
}

func callsWeekday(n ast.Node) bool {
	call, ok := n.(*ast.CallNode)
	if !ok {
		return false
	}
	callee, ok := call.Callee.(*ast.IdentifierNode)
	return ok && callee.Value == "weekday"
}

func dayNames() []string {
	var out []string
	for d := time.Sunday; d <= time.Saturday; d++ {
		out = append(out, d.String())
	}
	return out
}

func dayHint(got string) string {
	for _, name := range dayNames() {
		if len(got) > 1 && strings.HasPrefix(strings.ToLower(name), strings.ToLower(got)) {
			return "did you mean " + text.Quote(name) + "?"
		}
	}
	return `write the name in English, such as "Monday"`
}

// literalCall tries a call whose arguments are all literal text.
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
		l.problems = append(l.problems, Problem{From: at.From, To: at.To, Message: err.Error(), Hint: hint})
	}
}
