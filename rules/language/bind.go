package language

import (
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/gavel-rules/gavel/rules/language/eval"
)

// binder passes the part of the event that a function needs as a hidden first
// argument. It replaces now() with the scope's clock, "previous == nil" with a
// check whether it is known, and meeting.reschedules with the stored count.
type binder struct {
	words     *Vocabulary
	functions []eval.Function
	comp      *Compiler
	problems  []Problem
}

// Visit implements ast.Visitor.
func (b *binder) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.CallNode:
		b.call(node, n)
	case *ast.BinaryNode:
		b.comparison(node, n)
	case *ast.MemberNode:
		b.counter(node, n)
		b.table(node, n)
	}
}

// counter replaces meeting.reschedules, which is counted over its events.
func (b *binder) counter(node *ast.Node, n *ast.MemberNode) {
	property, ok := n.Property.(*ast.StringNode)
	if !ok || property.Value != eval.FieldReschedules || !isWord(n.Node, eval.WordMeeting) {
		return
	}
	ast.Patch(node, &ast.IdentifierNode{Value: eval.WordReschedules})
}

func (b *binder) call(node *ast.Node, n *ast.CallNode) {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return
	}
	if callee.Value == "now" && len(n.Arguments) == 0 {
		b.replaceNow(node, n)
		return
	}
	i := slices.IndexFunc(b.functions, func(f eval.Function) bool { return f.Name == callee.Value })
	if i < 0 || b.functions[i].Bound == "" {
		return
	}
	bound := b.functions[i].Bound
	if reason, missing := b.words.absent[bound]; missing {
		b.refuse(n, callee.Value, reason)
		return
	}
	hidden := &ast.IdentifierNode{Value: bound}
	hidden.SetLocation(callee.Location())
	n.Arguments = append([]ast.Node{hidden}, n.Arguments...)
}

func (b *binder) replaceNow(node *ast.Node, n *ast.CallNode) {
	if reason, missing := b.words.absent[eval.NowWord]; missing {
		b.refuse(n, "now", reason)
		return
	}
	ast.Patch(node, &ast.IdentifierNode{Value: eval.NowWord})
}

func (b *binder) refuse(n ast.Node, name, reason string) {
	at := n.Location()
	b.problems = append(b.problems, Problem{
		From: at.From, To: at.To, Message: name + "() cannot be used here", Hint: reason,
	})
}

func (b *binder) comparison(node *ast.Node, n *ast.BinaryNode) {
	if n.Operator != "==" && n.Operator != "!=" {
		return
	}
	_, rightNil := n.Right.(*ast.NilNode)
	_, leftNil := n.Left.(*ast.NilNode)
	if !isWord(n.Left, eval.WordPrevious) && !isWord(n.Right, eval.WordPrevious) || !rightNil && !leftNil {
		return
	}
	if _, ok := b.words.names[eval.KnownWord]; !ok {
		return
	}
	known := &ast.IdentifierNode{Value: eval.KnownWord}
	known.SetLocation(n.Location())
	if n.Operator == "!=" {
		ast.Patch(node, known)
		return
	}
	ast.Patch(node, &ast.UnaryNode{Operator: "not", Node: known})
}

func isWord(n ast.Node, word string) bool {
	id, ok := n.(*ast.IdentifierNode)
	return ok && id.Value == word
}
