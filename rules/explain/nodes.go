package explain

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
	"github.com/gavel-rules/gavel/rules/language"
)

// isPath reports whether a node is a dotted path, which is shown as a whole.
func isPath(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.IdentifierNode:
		return true
	case *ast.ChainNode:
		return isPath(x.Node)
	case *ast.MemberNode:
		return isPath(x.Node) && language.IsLiteral(x.Property)
	}
	return false
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

// Text returns the source of a node: from its first token to its last, with
// the brackets that belong to them.
func (e *excerpter) Text(n ast.Node) string {
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

// balance widens a range of tokens until its brackets are closed. For a call,
// that includes empty brackets after its name.
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

// span is the range of characters of the nodes of a tree.
type span struct{ from, to int }

// Visit implements ast.Visitor.
func (s *span) Visit(node *ast.Node) {
	at := (*node).Location()
	if at.To <= at.From {
		return
	}
	s.from, s.to = min(s.from, at.From), max(s.to, at.To)
}
