package language

import (
	"reflect"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/file"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/internal/spelling"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
)

// lookup walks a checked tree. It finds all unknown names and records what the
// expression uses.
type lookup struct {
	comp   *Compiler
	words  *Vocabulary
	lets   []string          // variables that the expression declares itself
	envUse map[ast.Node]bool // env identifiers that are used as env.NAME

	problems []Problem
	actions  []string // ids whose results it needs
	inputs   []string // of a chain
	env      []string // environment variables it reads
	raws     []file.Location
	foreign  bool // a raw() is of something else than Gavel's own link
	data     bool
	uses     []string // top-level names
	envNodes []*ast.IdentifierNode
	// functions are the identifiers that name a function; callees are those that
	// are called.
	functions []*ast.IdentifierNode
	callees   map[ast.Node]bool
}

var gatheredType = reflect.TypeFor[event.Gathered]()

// declared lists the variables that let declares anywhere in the tree.
func declared(root ast.Node) []string {
	d := &declarations{}
	ast.Walk(&root, d)
	return d.names
}

type declarations struct{ names []string }

// Visit implements ast.Visitor.
func (d *declarations) Visit(node *ast.Node) {
	if n, ok := (*node).(*ast.VariableDeclaratorNode); ok {
		d.names = append(d.names, n.Name)
	}
}

// Visit implements ast.Visitor.
func (l *lookup) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		l.identifier(n)
	case *ast.MemberNode:
		l.member(n)
	case *ast.CallNode:
		l.call(n)
	case *ast.BinaryNode:
		l.pattern(n)
		l.weekdays(n)
		l.causes(n)
	case *ast.BuiltinNode:
		if n.Name == "date" || n.Name == "timezone" {
			l.literalCall(n, n.Arguments, builtin.Builtins[builtin.Index[n.Name]].Func)
		}
	}
}

// pattern refuses a regular expression that costs too much.
func (l *lookup) pattern(n *ast.BinaryNode) {
	if n.Operator != "matches" {
		return
	}
	if size, known := sizeOfPattern(n); known && size > eval.MaxPattern {
		l.problem(n.Right, "the regular expression is too large", "use smaller repetition counts")
	}
}

// usesHistory reports whether the value depends on earlier events of the
// meeting.
func (l *lookup) usesHistory() bool {
	return slices.ContainsFunc(l.uses, func(name string) bool {
		return name == eval.WordPrevious || name == eval.KnownWord || name == eval.WordReschedules
	})
}

// constant reports whether the value is the same for every event.
func (l *lookup) constant() bool {
	return !slices.ContainsFunc(l.uses, func(name string) bool { return name != eval.WordEnv && name != eval.WordVars })
}

func (l *lookup) problem(n ast.Node, message, hint string) {
	at := n.Location()
	l.problems = append(l.problems, Problem{From: at.From, To: at.To, Message: message, Hint: hint})
}

func (l *lookup) identifier(n *ast.IdentifierNode) {
	if slices.Contains(l.lets, n.Value) {
		return
	}
	if _, ok := l.words.names[n.Value]; ok {
		l.uses = append(l.uses, n.Value)
		switch n.Value {
		case eval.WordEnv, eval.WordInputs:
			l.envNodes = append(l.envNodes, n)
		case eval.WordConditions: // those with a name have been replaced
			l.problem(n, "conditions cannot be used as a whole", "name the condition: conditions.NAME")
		case eval.WordTables: // so have they
			l.problem(n, "tables cannot be used as a whole", "name the table: tables.NAME")
		case eval.WordData:
			l.data = true
		}
		return
	}
	if reason, ok := l.words.absent[n.Value]; ok {
		l.problem(n, text.Quote(n.Value)+" cannot be used here", reason)
		return
	}
	if l.isFunction(n.Value) {
		l.functions = append(l.functions, n)
		return
	}
	hint := nameHint(n.Value, l.words.words())
	if n.Value == eval.FieldReschedules {
		hint = "write " + eval.WordReschedules
	}
	// Only its parent, which comes later, knows whether it is called.
	at := n.Location()
	l.problems = append(l.problems, Problem{
		From: at.From, To: at.To, unknown: true, Message: "unknown name " + text.Quote(n.Value), Hint: hint,
	})
}

// call turns "unknown name" into "unknown function" and records raw().
func (l *lookup) call(n *ast.CallNode) {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return
	}
	l.callees[callee] = true
	if callee.Value == "raw" {
		l.raws = append(l.raws, n.Location())
		l.foreign = l.foreign || !isOwnLink(n)
	}
	l.literals(n, callee.Value)
	if l.isFunction(callee.Value) || slices.Contains(l.lets, callee.Value) {
		return
	}
	at := callee.Location()
	for i := range l.problems {
		if p := &l.problems[i]; p.From == at.From && p.unknown {
			p.Message = "unknown function " + text.Quote(callee.Value)
			p.Hint = functionHint(callee.Value, l.functionNames())
		}
	}
}

// isOwnLink reports whether a call is of gavel.url alone, which only Gavel and its
// operator write.
func isOwnLink(n *ast.CallNode) bool {
	if len(n.Arguments) != 1 {
		return false
	}
	m, ok := n.Arguments[0].(*ast.MemberNode)
	if !ok || !isWord(m.Node, eval.WordOwn) {
		return false
	}
	name, ok := m.Property.(*ast.StringNode)
	return ok && name.Value == "url"
}

func (l *lookup) member(n *ast.MemberNode) {
	property, ok := n.Property.(*ast.StringNode)
	if !ok {
		return
	}
	switch {
	case isWord(n.Node, eval.WordEnv):
		l.envUse[n.Node] = true
		l.Environment(property)
		return
	case isWord(n.Node, eval.WordInputs) && l.words.names[eval.WordInputs] != nil:
		l.envUse[n.Node] = true
		l.input(property)
		return
	case isWord(n.Node, eval.WordActions) && l.words.names[eval.WordActions] != nil:
		l.action(property)
		return
	case isWord(n.Node, eval.WordMemory) && l.comp.memory != nil:
		l.remembered(property, l.comp.memory, "")
		return
	case isWord(placeOf(n.Node), eval.WordMemory) && l.comp.memory != nil:
		l.rememberedAt(n.Node, property)
		return
	case isWord(n.Node, "$env"):
		return
	}
	base := n.Node.Nature()
	cache := &l.comp.config.NtCache
	if base.Nil || base.IsUnknown(cache) {
		return
	}
	if _, ok := base.MethodByName(cache, property.Value); ok {
		return
	}
	base2 := base.Deref(cache)
	if isWord(n.Node, eval.WordOwn) && own.Lacks(l.words.own, property.Value) && slices.Contains(own.FieldNames(), property.Value) {
		l.problem(property, "events of type "+joinAnd(l.words.own)+" have no "+text.Quote(property.Value), "use "+joinOr(ownFields(l.words.own)))
		return
	}
	switch {
	case base2.IsStruct():
		l.data = l.data || base2.Type == gatheredType && property.Value == eval.WordData
		l.field(property, &base2, isWord(n.Node, eval.WordMeeting))
	case base2.IsMap() && base.Strict:
		if _, ok := base.Get(cache, property.Value); !ok {
			l.problem(property, "unknown field "+text.Quote(property.Value), text.Suggest(property.Value, mapKeys(base)))
		}
	}
}

// field checks a field of a struct. counted says that the struct is the
// meeting, which also has counts.
func (l *lookup) field(property *ast.StringNode, base *nature.Nature, counted bool) {
	if _, ok := base.FieldByName(&l.comp.config.NtCache, property.Value); ok {
		return
	}
	names := fieldNames(base.Type)
	if counted {
		names = append(names, eval.FieldReschedules)
	}
	l.problem(property, "unknown field "+text.Quote(property.Value), fieldHint(property.Value, base.Type, names))
}

func (l *lookup) Environment(property *ast.StringNode) {
	if _, ok := l.comp.env[property.Value]; ok {
		l.env = append(l.env, property.Value)
		return
	}
	at := property.Location()
	var names []string
	for name := range l.comp.env {
		names = append(names, name)
	}
	hint := "set the environment variable " + property.Value + ", or allow it with --env-allow"
	if OwnVariable(property.Value) {
		hint = "it configures Gavel itself; use another name"
	} else if best, ok := spelling.Nearest(property.Value, names); ok {
		hint = "did you mean " + text.Quote(best) + "? Otherwise " + hint
	}
	l.problems = append(l.problems, Problem{
		From: at.From, To: at.To, Env: property.Value,
		Message: "environment variable " + text.Quote(property.Value) + " is not available to rules", Hint: hint,
	})
}

// input checks the name of an input of the chain.
func (l *lookup) input(property *ast.StringNode) {
	of := l.words.names[eval.WordInputs].Nature()
	if _, known := of.Fields[property.Value]; known {
		l.inputs = append(l.inputs, property.Value)
		return
	}
	hint := text.Suggest(property.Value, mapKeys(&of))
	if len(of.Fields) == 0 {
		hint = "add it to the chain: inputs: { " + property.Value + ": text }"
	}
	l.problem(property, "the chain has no input "+text.Quote(property.Value), hint)
}

func (l *lookup) action(property *ast.StringNode) {
	id := property.Value
	base := l.words.names[eval.WordActions].Nature()
	if _, ok := base.Fields[id]; ok {
		l.actions = append(l.actions, id)
		return
	}
	switch {
	case slices.Contains(l.words.silent, id):
		l.problem(property, "action "+text.Quote(id)+" returns nothing", "")
	case slices.Contains(l.words.later, id):
		l.problem(property, "action "+text.Quote(id)+" has not run yet at this point", "use the results of earlier actions only, or change their order")
	case len(base.Fields) == 0:
		l.problem(property, "no earlier action has the id "+text.Quote(id), "give the earlier action an id")
	default:
		// An action without an id has a name that an expression cannot use.
		given := slices.DeleteFunc(mapKeys(&base), func(name string) bool { return !IsIdentifier(name) })
		hint := text.Suggest(id, given)
		if len(given) == 0 {
			hint = "give the earlier action an id: " + id
		}
		l.problem(property, "no earlier action has the id "+text.Quote(id), hint)
	}
}

// finish reports problems that are known only after the whole walk.
func (l *lookup) finish() {
	for _, n := range l.envNodes {
		if !l.envUse[n] {
			what := map[string]string{eval.WordEnv: "variable", eval.WordInputs: "input"}[n.Value]
			l.problem(n, n.Value+" cannot be used as a whole", "name the "+what+": "+n.Value+".NAME")
		}
	}
	for _, n := range l.functions {
		if !l.callees[n] {
			l.problem(n, text.Quote(n.Value)+" is a function", "call it: "+n.Value+"(…)")
		}
	}
}
