package language

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker/nature"
)

// rewriter gives a checked expression the meaning that rules have, where that of
// the expression library differs: absent values, exact numbers, characters
// instead of bytes, and errors in words.
type rewriter struct {
	cache *nature.Cache
	comp  *Compiler
}

func (r *rewriter) rewrite(node *ast.Node, u use) {
	if *node == nil {
		return
	}
	named := operandOf(*node)
	switch n := (*node).(type) {
	case *ast.UnaryNode:
		r.unary(node, n)
	case *ast.BinaryNode:
		r.binary(node, n, u)
	case *ast.ConditionalNode:
		r.rewrite(&n.Cond, useTruth)
		r.rewrite(&n.Exp1, u)
		r.rewrite(&n.Exp2, u)
		return
	case *ast.VariableDeclaratorNode:
		r.rewrite(&n.Value, useAny)
		r.rewrite(&n.Expr, u)
		return
	case *ast.SequenceNode:
		for i := range n.Nodes {
			r.rewrite(&n.Nodes[i], u)
		}
		return
	case *ast.ChainNode:
		r.chain(node, n, u)
		return
	case *ast.MemberNode:
		r.member(node, n)
	case *ast.SliceNode:
		r.slice(node, n)
	case *ast.CallNode:
		r.call(node, n)
	case *ast.BuiltinNode:
		r.builtin(node, n)
	case *ast.PredicateNode:
		r.rewrite(&n.Node, useAny)
		return
	case *ast.ArrayNode:
		for i := range n.Nodes {
			r.rewrite(&n.Nodes[i], useAny)
		}
		return
	case *ast.MapNode:
		for i := range n.Pairs {
			r.rewrite(&n.Pairs[i], useAny)
		}
		return
	case *ast.PairNode:
		r.rewrite(&n.Key, useAny)
		r.rewrite(&n.Value, useAny)
		return
	}
	r.finish(node, u, named)
}

// finish wraps a value as its use asks for.
func (r *rewriter) finish(node *ast.Node, u use, named operand) {
	n := *node
	kept := *n.Nature()
	count := isCount(n)
	switch {
	case u == useStrict && (count || r.mayLack(n)):
		r.wrap(node, presentWord, named, kept)
	case count:
		r.wrap(node, maybeWord, named, nature.Nature{})
	case u == useTruth && kept.IsUnknown(r.cache):
		r.wrap(node, truthWord, named, r.cache.FromType(boolType()))
	}
}

// wrap puts a function around a value, with the name of the value.
func (r *rewriter) wrap(node *ast.Node, word string, named operand, kept nature.Nature) {
	r.replace(node, kept, word, named, *node)
}

// replace puts a call in the place of a node. about becomes its first argument.
func (r *rewriter) replace(node *ast.Node, kept nature.Nature, word string, about any, args ...ast.Node) {
	if named, ok := about.(operand); ok {
		about = &named
	}
	callee := &ast.IdentifierNode{Value: word}
	callee.SetLocation((*node).Location())
	call := &ast.CallNode{Callee: callee, Arguments: append([]ast.Node{&ast.ConstantNode{Value: about}}, args...)}
	ast.Patch(node, call)
	call.SetNature(kept)
}

// mayLack reports whether a time can be one that is not set.
func (r *rewriter) mayLack(n ast.Node) bool {
	if !n.Nature().IsTime() {
		return false
	}
	switch x := n.(type) {
	case *ast.IdentifierNode:
		return x.Value != nowWord
	case *ast.MemberNode, *ast.PointerNode, *ast.ConditionalNode, *ast.BuiltinNode:
		return true
	case *ast.BinaryNode:
		return x.Operator == "??"
	case *ast.CallNode:
		callee, ok := x.Callee.(*ast.IdentifierNode)
		return ok && (callee.Value == "default" || callee.Value == calleeWord || callee.Value == fetchWord)
	}
	return false
}

// isCount finds the number that an event may lack: 0 stands for it.
func isCount(n ast.Node) bool {
	m, ok := n.(*ast.MemberNode)
	if !ok {
		return false
	}
	p, ok := m.Property.(*ast.StringNode)
	return ok && p.Value == "deliveryAttempt" && isWord(m.Node, wordEvent)
}

func (r *rewriter) unary(node *ast.Node, n *ast.UnaryNode) {
	if n.Operator == "not" || n.Operator == "!" {
		r.rewrite(&n.Node, useTruth)
		return
	}
	named := operandOf(n.Node)
	r.rewrite(&n.Node, useStrict)
	if n.Operator == "-" && r.Unknown(n.Node) {
		r.replace(node, nature.Nature{}, negateWord, named, n.Node)
	}
}

func (r *rewriter) Unknown(n ast.Node) bool { return n.Nature().IsUnknown(r.cache) }

func (r *rewriter) binary(node *ast.Node, n *ast.BinaryNode, u use) {
	op := &operation{op: n.Operator, left: operandOf(n.Left), right: operandOf(n.Right)}
	switch n.Operator {
	case "and", "&&", "or", "||":
		r.rewrite(&n.Left, useTruth)
		r.rewrite(&n.Right, useTruth)
		return
	case "??":
		r.coalesce(n, op, u)
		return
	case "==", "!=":
		if r.nilComparison(node, n) {
			return
		}
	case "contains", "startsWith", "endsWith", "matches":
		r.rewrite(&n.Left, useAny)
		r.rewrite(&n.Right, useAny)
		if n.Operator == "matches" {
			r.textual(&n.Left, op.left)
			r.textual(&n.Right, op.right)
			return
		}
		if r.Unknown(n.Left) || r.Unknown(n.Right) {
			r.replace(node, r.cache.FromType(boolType()), operateWord, op, n.Left, n.Right)
		}
		return
	}
	op.empty = isEmpty(n.Left) || isEmpty(n.Right)
	r.rewrite(&n.Left, useStrict)
	r.rewrite(&n.Right, useStrict)
	if n.Operator == ".." || !r.Unknown(n.Left) && !r.Unknown(n.Right) && !r.mixedList(n) && !calculates(n) {
		return
	}
	switch n.Operator {
	case "==", "!=", "<", "<=", ">", ">=", "in":
		r.replace(node, r.cache.FromType(boolType()), operateWord, op, n.Left, n.Right)
	default:
		r.replace(node, nature.Nature{}, operateWord, op, n.Left, n.Right)
	}
}

// calculates reports whether an operator works out a number: the library's own
// goes over the bounds of int in silence, and divides by zero.
func calculates(n *ast.BinaryNode) bool {
	left, right := n.Left.Nature(), n.Right.Nature()
	switch n.Operator {
	case "+", "-", "/", "%", "**", "^":
		return left.IsNumber() && right.IsNumber()
	case "*": // a length of time is multiplied, too
		return (left.IsNumber() || left.IsDuration()) && (right.IsNumber() || right.IsDuration())
	}
	return false
}

// textual makes sure of a text, or of nothing.
func (r *rewriter) textual(node *ast.Node, named operand) {
	if r.Unknown(*node) {
		r.wrap(node, textWord, named, nature.Nature{})
	}
}

// mixedList reports whether an operator looks into lists whose items are of any
// type.
func (r *rewriter) mixedList(n *ast.BinaryNode) bool {
	for _, side := range []ast.Node{n.Left, n.Right} {
		nt := side.Nature().Deref(r.cache)
		if nt.IsMap() && n.Operator != "in" {
			return true
		}
		if nt.IsArray() {
			elem := nt.Elem(r.cache)
			if elem.IsUnknown(r.cache) {
				return true
			}
		}
	}
	return false
}

func isEmpty(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value == ""
	case *ast.ArrayNode:
		return len(x.Nodes) == 0
	}
	return false
}

// coalesce lets ?? see that a field is absent, and keeps the type.
func (r *rewriter) coalesce(n *ast.BinaryNode, op *operation, u use) {
	kept := *n.Left.Nature()
	r.rewrite(&n.Left, useAsked)
	if !kept.IsUnknown(r.cache) && !kept.Nil && !isMaybe(n.Left) {
		r.wrap(&n.Left, maybeWord, op.left, kept)
	}
	r.rewrite(&n.Right, u)
}

func isMaybe(n ast.Node) bool {
	call, ok := n.(*ast.CallNode)
	if !ok {
		return false
	}
	callee, ok := call.Callee.(*ast.IdentifierNode)
	return ok && callee.Value == maybeWord
}

// nilComparison turns a comparison with nil into a look at whether the value is
// absent.
func (r *rewriter) nilComparison(node *ast.Node, n *ast.BinaryNode) bool {
	_, left := n.Left.(*ast.NilNode)
	_, right := n.Right.(*ast.NilNode)
	side := &n.Left
	switch {
	case left == right: // nil == nil is left as it is
		return left
	case left:
		side = &n.Right
	}
	r.absence(node, side, n.Operator == "!=")
	return true
}

// absence puts in place whether a value is absent, or whether it is there.
func (r *rewriter) absence(node, value *ast.Node, there bool) {
	about := &question{there: there, typed: !r.Unknown(*value)}
	r.rewrite(value, useAsked)
	r.replace(node, r.cache.FromType(boolType()), absentWord, about, *value)
}

func (r *rewriter) chain(node *ast.Node, n *ast.ChainNode, u use) {
	r.rewrite(&n.Node, u)
	if _, member := n.Node.(*ast.MemberNode); !member {
		if inner, ok := n.Node.(*ast.ChainNode); ok {
			n.Node = inner.Node
			return
		}
		if _, call := n.Node.(*ast.CallNode); call && !holdsOptional(n.Node) {
			*node = n.Node
		}
	}
}

// holdsOptional reports whether ?. stands anywhere below.
func holdsOptional(n ast.Node) bool {
	o := &optionals{}
	ast.Walk(&n, o)
	return o.found
}

type optionals struct{ found bool }

// Visit implements ast.Visitor.
func (o *optionals) Visit(node *ast.Node) {
	if m, ok := (*node).(*ast.MemberNode); ok && m.Optional {
		o.found = true
	}
}

func (r *rewriter) member(node *ast.Node, n *ast.MemberNode) {
	base := operandOf(n.Node)
	inside := useAny
	if n.Node.Nature().IsTime() || n.Method {
		inside = useStrict
	}
	r.rewrite(&n.Node, inside)
	if _, literal := n.Property.(*ast.StringNode); !literal {
		r.rewrite(&n.Property, useStrict)
	}
	if n.Method {
		if r.Unknown(n.Node) {
			r.wrap(&n.Node, presentWord, base, nature.Nature{})
		}
		return
	}
	list := n.Node.Nature().IsArray() || n.Node.Nature().IsString()
	if r.Unknown(n.Node) || list {
		kept := *(*node).Nature()
		r.replace(node, kept, fetchWord, base, n.Node, n.Property)
	}
}

func (r *rewriter) slice(node *ast.Node, n *ast.SliceNode) {
	kept, base := *n.Nature(), operandOf(n.Node)
	r.rewrite(&n.Node, useAny)
	bounds := []ast.Node{&ast.NilNode{}, &ast.NilNode{}}
	for i, bound := range []*ast.Node{&n.From, &n.To} {
		if *bound != nil {
			r.rewrite(bound, useStrict)
			bounds[i] = *bound
		}
	}
	r.replace(node, kept, sliceWord, base, n.Node, bounds[0], bounds[1])
}

func (r *rewriter) call(node *ast.Node, n *ast.CallNode) {
	if m, ok := n.Callee.(*ast.MemberNode); ok {
		r.rewrite(&n.Callee, useAny)
		_ = m
		r.rewriteAll(n.Arguments, useStrict)
		return
	}
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		r.rewriteAll(n.Arguments, useAny)
		return
	}
	if callee.Value == "has" && len(n.Arguments) == 1 {
		r.absence(node, &n.Arguments[0], true)
		return
	}
	f := functionCall(callee.Value, r.comp.functions, r.comp.config)
	if f == nil {
		r.rewriteAll(n.Arguments, useAny)
		return
	}
	about := f.about(n.Arguments, r.cache)
	for i := range n.Arguments {
		u := f.useOf(i)
		if f.moment && i == 0 {
			u = useAny // the function looks at it itself
		}
		r.rewrite(&n.Arguments[i], u)
	}
	if isWord(firstOf(n.Arguments), wordMeeting) || f.plain {
		return
	}
	r.replace(node, *n.Nature(), calleeWord, about, n.Arguments...)
}

func firstOf(nodes []ast.Node) ast.Node {
	if len(nodes) == 0 {
		return nil
	}
	return nodes[0]
}

func (r *rewriter) rewriteAll(nodes []ast.Node, u use) {
	for i := range nodes {
		r.rewrite(&nodes[i], u)
	}
}

func (r *rewriter) builtin(node *ast.Node, n *ast.BuiltinNode) {
	if isLoop(n.Name) {
		r.loop(node, n)
		return
	}
	f := builtinCall(n.Name, r.comp.config)
	if f == nil {
		r.rewriteAll(n.Arguments, useAny)
		return
	}
	about, kept := f.about(n.Arguments, r.cache), *n.Nature()
	open := false
	for i := range n.Arguments {
		// What is calculated inside is exact, and of no type of Go, afterwards.
		open = open || r.openArgument(n.Name, n.Arguments[i])
		r.rewrite(&n.Arguments[i], f.useOf(i))
		open = open || r.openArgument(n.Name, n.Arguments[i]) || f.numeric || n.Name == "sort"
	}
	if !open && !f.always {
		return
	}
	if f.numeric {
		kept = nature.Nature{}
	}
	r.replace(node, kept, calleeWord, about, n.Arguments...)
}

// openArgument reports whether a builtin has to look at what it gets.
func (r *rewriter) openArgument(name string, n ast.Node) bool {
	nt := n.Nature().Deref(r.cache)
	if nt.IsArray() {
		elem := nt.Elem(r.cache)
		return elem.IsUnknown(r.cache)
	}
	return r.Unknown(n) || nt.IsString() && (name == "int" || name == "float")
}

// loop rewrites a builtin that goes through a list.
func (r *rewriter) loop(node *ast.Node, n *ast.BuiltinNode) {
	list := operandOf(n.Arguments[0])
	r.rewrite(&n.Arguments[0], useAny)
	if r.Unknown(n.Arguments[0]) {
		r.wrap(&n.Arguments[0], listWord, list, r.cache.FromType(anyListType()))
	}
	for i := range n.Arguments[1:] {
		argument := &n.Arguments[i+1]
		body, ok := (*argument).(*ast.PredicateNode)
		if !ok {
			r.rewrite(argument, useAny)
			continue
		}
		named := operandOf(body.Node)
		r.rewrite(&body.Node, loopUse(n.Name))
		if word := loopKey(n.Name); word != "" && r.Unknown(body.Node) {
			r.wrap(&body.Node, word, named, nature.Nature{})
		}
	}
	if n.Name == "sum" {
		r.sum(node, n, list)
	}
}

// sum adds values of unknown type up exactly.
func (r *rewriter) sum(node *ast.Node, n *ast.BuiltinNode, list operand) {
	values := n.Arguments[0]
	if len(n.Arguments) == 2 {
		mapped := &ast.BuiltinNode{Name: "map", Arguments: n.Arguments}
		mapped.SetLocation(n.Location())
		mapped.SetNature(r.cache.FromType(anyListType()))
		values = mapped
	}
	f := builtinCall("sum", r.comp.config)
	r.replace(node, nature.Nature{}, calleeWord, f.named(list), values)
}

func isLoop(name string) bool {
	switch name {
	case "all", "none", "any", "one", "filter", "map", "find", "findIndex", "findLast", "findLastIndex",
		"count", "sum", "groupBy", "sortBy", "reduce":
		return true
	}
	return false
}

func loopUse(name string) use {
	switch name {
	case "map", "sum", "groupBy", "reduce":
		return useAny
	case "sortBy":
		return useStrict
	}
	return useTruth
}

func loopKey(name string) string {
	switch name {
	case "sortBy":
		return sortKeyWord
	case "groupBy":
		return groupKeyWord
	}
	return ""
}
