package language

import (
	"strconv"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"

	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
)

// Shared is a condition with a name, which expressions use as conditions.NAME.
// It is put in the place of its name before types are checked, so that it is
// matched, guarded and explained like a condition that is written there.
type Shared struct {
	Source string
	Pos    text.Position
	// Broken says that it has an error, which is reported where it is.
	Broken bool
	nodes  int // with those of the conditions in it
}

// Share adds a condition for expressions compiled from now on. p is its program,
// or nil if it is broken.
func (c *Compiler) Share(name string, s Shared, p *Program) {
	if p != nil {
		s.nodes = p.nodes
	}
	if c.shared == nil {
		c.shared = map[string]Shared{}
	}
	c.shared[name] = s
	c.match, c.actions = nil, nil
}

// Conditions returns the shared conditions by name.
func (c *Compiler) Conditions() map[string]Shared { return c.shared }

// ShareAll adds the conditions of another compiler.
func (c *Compiler) ShareAll(all map[string]Shared) {
	c.shared = all
	c.match, c.actions = nil, nil
}

// ConditionsIn lists the names of the conditions that an expression uses. It is
// empty for an expression that cannot be parsed.
func (c *Compiler) ConditionsIn(source string, w *Vocabulary) []string {
	root, err := c.Parse(source, w)
	if err != nil {
		return nil
	}
	u := &conditionUses{}
	ast.Walk(&root, u)
	return u.names
}

type conditionUses struct{ names []string }

// Visit implements ast.Visitor.
func (u *conditionUses) Visit(node *ast.Node) {
	if name, ok := ConditionName(*node); ok {
		u.names = append(u.names, name)
	}
}

// ConditionName returns the name of the condition that n, as parsed, is.
func ConditionName(n ast.Node) (string, bool) {
	m, ok := n.(*ast.MemberNode)
	if !ok || !isWord(m.Node, eval.WordConditions) {
		return "", false
	}
	name, ok := m.Property.(*ast.StringNode)
	if !ok {
		return "", false
	}
	return name.Value, true
}

// insertion puts shared conditions in the place of their names.
type insertion struct {
	comp     *Compiler
	problems []Problem
	left     int // nodes that may still be added
	made     int // conditions inserted, to tell their variables apart
}

// insert does so in a whole tree, unless the names may not be used here.
func (c *Compiler) insert(tree *parser.Tree, w *Vocabulary) []Problem {
	if _, allowed := w.names[eval.WordConditions]; !allowed {
		return nil
	}
	in := &insertion{comp: c, left: maxExprNodes}
	ast.Walk(&tree.Node, in)
	return in.problems
}

// Visit implements ast.Visitor.
func (in *insertion) Visit(node *ast.Node) {
	m, ok := (*node).(*ast.MemberNode)
	if !ok || !isWord(m.Node, eval.WordConditions) {
		return
	}
	name, ok := ConditionName(m)
	if !ok {
		return // reported as a use of all of them
	}
	s, known := in.comp.shared[name]
	switch {
	case !known:
		in.problem(m.Property, "no condition has the name "+text.Quote(text.Clip(name, 60)), in.hint(name))
		return
	case s.Broken:
		in.problem(m.Property, "condition "+text.Quote(name)+" has an error, at "+s.Pos.String(), "correct it there")
		return
	}
	in.comp.Used[eval.WordConditions+"."+name] = true
	if in.left -= s.nodes; in.left < 0 {
		in.problem(m.Property, "the expression is too long with the conditions in it", "use fewer of them")
		return
	}
	tree, err := parser.ParseWithConfig(s.Source, in.comp.config)
	if err != nil {
		return // cannot happen: it was parsed before
	}
	in.made++
	ast.Walk(&tree.Node, &relocation{like: *node, lets: declared(tree.Node), mark: "#" + strconv.Itoa(in.made)})
	ast.Walk(&tree.Node, in)
	*node = tree.Node
}

func (in *insertion) problem(n ast.Node, message, hint string) {
	at := n.Location()
	in.problems = append(in.problems, Problem{From: at.From, To: at.To, Message: message, Hint: hint})
}

func (in *insertion) hint(name string) string {
	var names []string
	for known := range in.comp.shared {
		names = append(names, known)
	}
	if len(names) == 0 {
		return "add it at the top level: conditions: { " + name + ": … }"
	}
	return text.Suggest(name, names)
}

// relocation moves the nodes of a condition to the place where it is used, and
// renames its variables, which may have the names of others there.
type relocation struct {
	like ast.Node
	lets []string
	mark string
}

// Visit implements ast.Visitor.
func (r *relocation) Visit(node *ast.Node) {
	(*node).SetLocation(r.like.Location())
	switch n := (*node).(type) {
	case *ast.VariableDeclaratorNode:
		n.Name += r.mark
	case *ast.IdentifierNode:
		for _, name := range r.lets {
			if n.Value == name {
				n.Value += r.mark
				return
			}
		}
	}
}

// nodesIn counts the nodes of a tree.
func nodesIn(root ast.Node) int {
	c := &nodeCount{}
	ast.Walk(&root, c)
	return c.n
}

type nodeCount struct{ n int }

// Visit implements ast.Visitor.
func (c *nodeCount) Visit(*ast.Node) { c.n++ }
