package language

import (
	"reflect"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/types"

	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
)

// Table is a table that expressions use as tables.NAME: with a key in square
// brackets one of its rows, else the list of all.
type Table interface {
	// Type is the type of a row, a pointer to a struct.
	Type() reflect.Type
	// List returns all rows, Row that of a key or one without values.
	List() any
	Row(key any) any
	Has(key string) bool
	Key() string
}

// SetTables sets the tables for expressions compiled from now on.
func (c *Compiler) SetTables(all map[string]Table) {
	c.tables, c.Keyed = all, map[string]bool{}
	c.match, c.actions = nil, nil
	value := reflect.TypeFor[any]()
	for name, t := range all {
		row := reflect.FuncOf([]reflect.Type{value}, []reflect.Type{t.Type()}, false)
		list := reflect.FuncOf(nil, []reflect.Type{reflect.SliceOf(t.Type())}, false)
		c.config.Functions[eval.RowWord+name] = &builtin.Function{
			Name: eval.RowWord + name, Types: []reflect.Type{row},
			Func: func(args ...any) (any, error) { return t.Row(args[0]), nil },
		}
		c.config.Functions[eval.RowsWord+name] = &builtin.Function{
			Name: eval.RowsWord + name, Types: []reflect.Type{list},
			Func: func(...any) (any, error) { return t.List(), nil },
		}
	}
}

// Misread takes note of a table with an error, which is reported where it is.
func (c *Compiler) Misread(name string) {
	if c.misread == nil {
		c.misread = map[string]bool{}
	}
	c.misread[name] = true
}

// Tables returns the tables by name.
func (c *Compiler) Tables() map[string]Table { return c.tables }

func (c *Compiler) tableNames() types.Map {
	out := types.Map{}
	for name, t := range c.tables {
		out[name] = types.TypeOf(t.List())
	}
	return out
}

// table puts a function in the place of tables.NAME, or of a row of it.
func (b *binder) table(node *ast.Node, n *ast.MemberNode) {
	if _, allowed := b.words.names[eval.WordTables]; !allowed {
		return
	}
	if isWord(n.Node, eval.WordTables) {
		b.wholeTable(node, n)
		return
	}
	call, ok := n.Node.(*ast.CallNode)
	if !ok || n.Method {
		return
	}
	callee, ok := call.Callee.(*ast.IdentifierNode)
	if !ok {
		return
	}
	name, ok := strings.CutPrefix(callee.Value, eval.RowsWord)
	if !ok {
		return
	}
	b.comp.Keyed[name] = true
	t := b.comp.tables[name]
	if key, literal := n.Property.(*ast.StringNode); literal && !t.Has(key.Value) {
		b.refuseNode(key, "table "+text.Quote(name)+" has no row "+text.Quote(text.Clip(key.Value, 60)), rowHint(t, name, key.Value))
		return
	}
	callNamed(node, eval.RowWord+name, n.Property)
}

func (b *binder) wholeTable(node *ast.Node, n *ast.MemberNode) {
	name, ok := n.Property.(*ast.StringNode)
	if !ok {
		return // reported as a use of all of them
	}
	if b.comp.tables[name.Value] == nil {
		var names []string
		for known := range b.comp.tables {
			names = append(names, known)
		}
		if b.comp.misread[name.Value] {
			b.problems = append(b.problems, Problem{Message: "table " + text.Quote(name.Value) + " has an error", Told: true})
			return
		}
		hint := text.Suggest(name.Value, names)
		if len(names) == 0 {
			hint = "add it at the top level: tables: { " + name.Value + ": " + name.Value + ".csv }"
		}
		b.refuseNode(name, "no table has the name "+text.Quote(text.Clip(name.Value, 60)), hint)
		return
	}
	b.comp.Used[eval.WordTables+"."+name.Value] = true
	callNamed(node, eval.RowsWord+name.Value)
}

func (b *binder) refuseNode(n ast.Node, message, hint string) {
	at := n.Location()
	b.problems = append(b.problems, Problem{From: at.From, To: at.To, Message: message, Hint: hint})
}

// rowHint is for a key that may be the name of a column.
func rowHint(t Table, name, key string) string {
	for _, column := range fieldNames(t.Type().Elem()) {
		if column == key {
			return "write tables." + name + "[…]." + column + " with a key (" + t.Key() + ") in the brackets"
		}
	}
	return "check the key (" + t.Key() + "), or remove the condition"
}

func callNamed(node *ast.Node, function string, args ...ast.Node) {
	callee := &ast.IdentifierNode{Value: function}
	callee.SetLocation((*node).Location())
	ast.Patch(node, &ast.CallNode{Callee: callee, Arguments: args})
}

// IsTable reports whether n, as parsed, is a whole table.
func IsTable(n ast.Node) bool {
	m, ok := n.(*ast.MemberNode)
	return ok && isWord(m.Node, eval.WordTables)
}
