package language

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/gavel-rules/gavel/rules/language/eval"
)

// plainPluses is how many + an expression may have without being weighed.
const plainPluses = 16

// effort finds out whether an expression can cost more than its length and the
// event suggest. Most conditions cannot, and are not weighed.
type effort struct {
	heavy  bool
	pluses int
}

// Visit implements ast.Visitor.
func (e *effort) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.PredicateNode, *ast.VariableDeclaratorNode:
		e.heavy = true
	case *ast.BuiltinNode:
		e.heavy = e.heavy || n.Name == "repeat"
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			e.heavy = e.heavy || callee.Value == "replace" || callee.Value == "join" || callee.Value == eval.ReplaceWord || callee.Value == eval.CSVWord
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "+":
			e.pluses++
			e.heavy = e.heavy || e.pluses > plainPluses
		case "matches":
			size, known := sizeOfPattern(n)
			e.heavy = e.heavy || !known || size > eval.PatternShare*eval.BytesPerStep
		}
	}
}

// weigher counts the work of an expression: each iteration of a loop, and every
// text and list that an operator or function reads.
type weigher struct{ cache *nature.Cache }

// Visit implements ast.Visitor. Inner nodes come before outer ones.
func (w *weigher) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.PredicateNode:
		w.weigh(&n.Node, 1)
	case *ast.BinaryNode:
		w.binary(node, n)
	case *ast.BuiltinNode:
		for i := range n.Arguments {
			w.operand(&n.Arguments[i], 1)
		}
	case *ast.CallNode:
		callee, ok := n.Callee.(*ast.IdentifierNode)
		if !ok || w.meaning(node, n, callee.Value) || eval.IsGuard(callee.Value) {
			return
		}
		for i := range n.Arguments {
			if isWord(n.Arguments[i], eval.WordMeeting) {
				w.weigh(&n.Arguments[i], functionWork(callee.Value))
				continue
			}
			w.operand(&n.Arguments[i], 1)
		}
		w.weigh(node, eval.CallWork)
	}
}

// meaning weighs calls that the rewriter inserted.
func (w *weigher) meaning(node *ast.Node, n *ast.CallNode, word string) bool {
	factor := 1
	switch word {
	case eval.OperateWord, eval.SliceWord:
		for i := range n.Arguments[1:] {
			w.operand(&n.Arguments[i+1], factor)
		}
		return true
	case eval.CalleeWord:
		if about, ok := n.Arguments[0].(*ast.ConstantNode); ok {
			if c, ok := about.Value.(*eval.NamedCall); ok {
				factor = functionWork(c.Function.Name)
			}
		}
		for i := range n.Arguments[1:] {
			w.operand(&n.Arguments[i+1], factor)
		}
		w.weigh(node, eval.CallWork)
		return true
	}
	return false
}

// functionWork is the cost of a function relative to comparing its argument.
func functionWork(name string) int {
	switch name {
	case "answer":
		return eval.LookWork
	case "invitees":
		return 64
	case "domain", "isFreeMail", "date", "fromJSON", "toJSON", "json", "sort", "median", "uniq", "hash", "addWorkdays", eval.CSVWord:
		return 16
	}
	return 1
}

func (w *weigher) binary(node *ast.Node, n *ast.BinaryNode) {
	switch n.Operator {
	case "matches":
		size, known := sizeOfPattern(n)
		if !known {
			call := &ast.CallNode{
				Callee:    &ast.IdentifierNode{Value: eval.MatchedWord},
				Arguments: []ast.Node{&ast.IdentifierNode{Value: eval.BudgetWord}, n.Left, n.Right},
			}
			call.Callee.SetLocation(n.Location())
			ast.Patch(node, call)
			return
		}
		w.operand(&n.Left, 1+size/eval.PatternShare)
	case "and", "&&", "or", "||", "??", "..":
	default:
		w.operand(&n.Left, 1)
		w.operand(&n.Right, 1)
	}
}

// operand weighs a value that may be text, a list or an object.
func (w *weigher) operand(value *ast.Node, factor int) {
	if _, predicate := (*value).(*ast.PredicateNode); predicate || IsLiteral(*value) {
		return
	}
	n := (*value).Nature()
	if n.IsString() || n.IsArray() || n.IsMap() || n.IsUnknown(w.cache) {
		w.weigh(value, factor)
	}
}

func (*weigher) weigh(value *ast.Node, factor int) {
	call := &ast.CallNode{
		Callee:    &ast.IdentifierNode{Value: eval.WeighedWord},
		Arguments: []ast.Node{&ast.IdentifierNode{Value: eval.BudgetWord}, *value, &ast.IntegerNode{Value: factor}},
	}
	call.Callee.SetLocation((*value).Location())
	ast.Patch(value, call)
}

// sizeOfPattern is the size of a literal regular expression.
func sizeOfPattern(n *ast.BinaryNode) (size int, known bool) {
	pattern, ok := n.Right.(*ast.StringNode)
	if !ok {
		return 0, false
	}
	size, err := eval.PatternSize(pattern.Value)
	return size, err == nil
}
