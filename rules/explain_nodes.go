package rules

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// childrenOf lists the parts of a node that have a value of their own, always
// in the same order, so that a path of indexes finds the same part in every
// parse of the same source. The inside of a predicate has none: it is
// evaluated once for each item.
func childrenOf(n ast.Node) []ast.Node {
	switch x := n.(type) {
	case *ast.UnaryNode:
		return []ast.Node{x.Node}
	case *ast.BinaryNode:
		return []ast.Node{x.Left, x.Right}
	case *ast.ChainNode:
		return []ast.Node{x.Node}
	case *ast.MemberNode:
		return []ast.Node{x.Node, x.Property}
	case *ast.SliceNode:
		return present(x.Node, x.From, x.To)
	case *ast.CallNode:
		return append(calleeParts(x.Callee), x.Arguments...)
	case *ast.BuiltinNode:
		return x.Arguments
	case *ast.ConditionalNode:
		return []ast.Node{x.Cond, x.Exp1, x.Exp2}
	case *ast.VariableDeclaratorNode:
		return []ast.Node{x.Value, x.Expr}
	case *ast.ArrayNode:
		return x.Nodes
	case *ast.MapNode:
		var values []ast.Node
		for _, pair := range x.Pairs {
			if p, ok := pair.(*ast.PairNode); ok {
				values = append(values, p.Value)
			}
		}
		return values
	}
	return nil
}

func present(nodes ...ast.Node) []ast.Node {
	var out []ast.Node
	for _, n := range nodes {
		if n != nil {
			out = append(out, n)
		}
	}
	return out
}

// calleeParts is what a method is called on; the name of a function is none.
func calleeParts(callee ast.Node) []ast.Node {
	if m, ok := callee.(*ast.MemberNode); ok {
		return []ast.Node{m.Node}
	}
	return nil
}

// nodeByPath returns the part that a path of indexes leads to. Variables that
// are declared on the way are declared around it, so that it can stand alone.
func nodeByPath(n ast.Node, path []int) ast.Node {
	if len(path) == 0 {
		return n
	}
	found := nodeByPath(childrenOf(n)[path[0]], path[1:])
	let, ok := n.(*ast.VariableDeclaratorNode)
	if !ok || path[0] == 0 {
		return found
	}
	wrapped := &ast.VariableDeclaratorNode{Name: let.Name, Value: let.Value, Expr: found}
	wrapped.SetLocation(let.Location())
	return wrapped
}

// isLiteral reports whether a node is written out, so that showing its value
// would say nothing new.
func isLiteral(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.IdentifierNode, *ast.PointerNode, *ast.PredicateNode:
		return false
	case *ast.CallNode:
		callee, ok := x.Callee.(*ast.IdentifierNode)
		return ok && (callee.Value == "duration" || callee.Value == "default") && allLiteral(x.Arguments)
	case *ast.BuiltinNode:
		return x.Name != "now" && allLiteral(x.Arguments)
	}
	return allLiteral(childrenOf(n))
}

func allLiteral(nodes []ast.Node) bool {
	for _, n := range nodes {
		if !isLiteral(n) {
			return false
		}
	}
	return true
}

// isPath reports whether a node is names with dots, which is shown whole.
func isPath(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.IdentifierNode:
		return true
	case *ast.ChainNode:
		return isPath(x.Node)
	case *ast.MemberNode:
		return isPath(x.Node) && isLiteral(x.Property)
	}
	return false
}

// logic names what decides how much of a node is evaluated: and, or, not, ??
// and ?: . It is empty for everything else.
func logicOf(n ast.Node) string {
	switch x := n.(type) {
	case *ast.BinaryNode:
		switch x.Operator {
		case "and", "&&":
			return "and"
		case "or", "||":
			return "or"
		case "??":
			return "??"
		}
	case *ast.UnaryNode:
		if x.Operator == "not" || x.Operator == "!" {
			return "not"
		}
	case *ast.ConditionalNode:
		return "?:"
	}
	return ""
}

// excerpter finds the text of a node in the source, as its author wrote it.
type excerpter struct {
	runes  []rune
	tokens []lexer.Token
}

func newExcerpter(source string) *excerpter {
	e := &excerpter{runes: []rune(source)}
	tokens, err := lexer.Lex(file.NewSource(source))
	if err != nil {
		return e
	}
	for _, t := range tokens {
		if t.Kind != lexer.EOF {
			e.tokens = append(e.tokens, t)
		}
	}
	return e
}

// text returns the source of a node: from its first token to its last, and to
// the brackets that belong to them.
func (e *excerpter) text(n ast.Node) string {
	s := &span{from: len(e.runes), to: -1}
	ast.Walk(&n, s)
	first, last := -1, -1
	for i, t := range e.tokens {
		if t.From >= s.from && first < 0 {
			first = i
		}
		if t.To <= s.to {
			last = i
		}
	}
	if first < 0 || last < first {
		return n.String()
	}
	first, last = e.balance(first, last, endsInCall(n))
	return string(e.runes[e.tokens[first].From:e.tokens[last].To])
}

// balance widens a range of tokens until its brackets are closed. A call owns
// the brackets behind its name even if nothing stands in them.
func (e *excerpter) balance(first, last int, call bool) (int, int) {
	if call && last+1 < len(e.tokens) && e.tokens[last+1].Is(lexer.Bracket, "(") {
		last++
	}
	depth, lowest := 0, 0
	for _, t := range e.tokens[first : last+1] {
		depth += bracket(t)
		lowest = min(lowest, depth)
	}
	for open := -lowest; open > 0 && first > 0; {
		first--
		open -= bracket(e.tokens[first])
		depth += bracket(e.tokens[first])
	}
	for depth > 0 && last+1 < len(e.tokens) {
		last++
		depth += bracket(e.tokens[last])
	}
	return first, last
}

func bracket(t lexer.Token) int {
	switch {
	case t.Is(lexer.Bracket, "(", "[", "{"):
		return 1
	case t.Is(lexer.Bracket, ")", "]", "}"):
		return -1
	}
	return 0
}

// endsInCall reports whether the last thing in a node is a call.
func endsInCall(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.CallNode, *ast.BuiltinNode:
		return true
	case *ast.UnaryNode:
		return endsInCall(x.Node)
	case *ast.BinaryNode:
		return endsInCall(x.Right)
	case *ast.ConditionalNode:
		return endsInCall(x.Exp2)
	}
	return false
}

// span is the range of characters that the nodes of a tree stand at.
type span struct{ from, to int }

// Visit implements ast.Visitor.
func (s *span) Visit(node *ast.Node) {
	at := (*node).Location()
	if at.To <= at.From {
		return
	}
	s.from, s.to = min(s.from, at.From), max(s.to, at.To)
}
