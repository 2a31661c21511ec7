package sieve

import (
	"reflect"

	"github.com/expr-lang/expr/ast"

	"github.com/gavel-rules/gavel/rules/language/eval"
)

// Constants are the values that are the same for every event.
type Constants struct{ Vars, Env map[string]any }

// Read analyses a checked and rewritten condition as far as it can.
func (f *Fields) Read(root ast.Node, c Constants) *Condition {
	r := &reader{fields: f, constants: c}
	return &Condition{r.read(root)}
}

type reader struct {
	fields    *Fields
	constants Constants
}

func (r *reader) read(n ast.Node) *node {
	switch x := n.(type) {
	case *ast.BinaryNode:
		switch x.Operator {
		case "and", "&&":
			return &node{op: and, left: r.read(x.Left), right: r.read(x.Right)}
		case "or", "||":
			return &node{op: or, left: r.read(x.Left), right: r.read(x.Right)}
		}
		return r.binary(x.Operator, x.Left, x.Right, nil)
	case *ast.UnaryNode:
		if x.Operator == "not" || x.Operator == "!" {
			return negated(r.read(x.Node))
		}
	case *ast.CallNode:
		return r.call(x)
	case *ast.IdentifierNode, *ast.MemberNode:
		if at := r.field(n); at >= 0 && r.fields.list[at].kind == reflect.Bool {
			return &node{op: isTrue, field: at}
		}
	}
	return &node{}
}

func negated(n *node) *node {
	if n.op == opaque {
		return n
	}
	return &node{op: not, left: n}
}

// call reads a call that the rewriter put in place of an operator.
func (r *reader) call(n *ast.CallNode) *node {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || len(n.Arguments) == 0 {
		return &node{}
	}
	about, ok := n.Arguments[0].(*ast.ConstantNode)
	if !ok {
		return &node{}
	}
	switch x := about.Value.(type) {
	case *eval.Operation:
		if callee.Value == eval.OperateWord && len(n.Arguments) == 3 {
			return r.binary(x.Op, n.Arguments[1], n.Arguments[2], x)
		}
	case *eval.Question:
		if callee.Value == eval.AbsentWord && len(n.Arguments) == 2 {
			return r.question(x, n.Arguments[1])
		}
	}
	return &node{}
}

func (r *reader) question(q *eval.Question, value ast.Node) *node {
	at := r.field(value)
	if at < 0 {
		return &node{}
	}
	f := &r.fields.list[at]
	if f.kind == reflect.Bool || f.typed() != q.Typed {
		return &node{}
	}
	out := &node{op: given, field: at}
	if !q.Typed { // an empty text in a field of unknown type is present
		out.whenAbsent = No
	}
	if !q.There {
		return negated(out)
	}
	return out
}

// binary reads a comparison of a field with a constant. o is nil for operators
// of the expression library, which know the types.
func (r *reader) binary(op string, left, right ast.Node, o *eval.Operation) *node {
	switch op {
	case "==":
		return r.equal(left, right, o)
	case "!=":
		return negated(r.equal(left, right, o))
	case "in":
		return r.among(left, right, o)
	case "contains":
		return r.search(contains, left, right, o)
	case "startsWith":
		return r.search(startsWith, left, right, o)
	case "endsWith":
		return r.search(endsWith, left, right, o)
	}
	return &node{}
}

func (r *reader) equal(left, right ast.Node, o *eval.Operation) *node {
	at, other := r.field(left), right
	if at < 0 {
		at, other = r.field(right), left
	}
	if at < 0 {
		return &node{}
	}
	f := &r.fields.list[at]
	if o == nil && !f.typed() {
		return &node{}
	}
	if truth, ok := other.(*ast.BoolNode); ok {
		if f.kind == reflect.String {
			return &node{}
		}
		out := &node{op: isFalse, field: at, whenAbsent: No}
		if truth.Value {
			out.op = isTrue
		}
		return out
	}
	s, ok := r.text(other)
	if !ok || f.kind == reflect.Bool {
		return &node{}
	}
	return &node{op: equals, field: at, text: s, whenAbsent: verdictOf(o != nil && o.Empty)}
}

func (r *reader) among(needle, list ast.Node, o *eval.Operation) *node {
	at := r.field(needle)
	if at < 0 || r.fields.list[at].kind == reflect.Bool || o == nil && !r.fields.list[at].typed() {
		return &node{}
	}
	set, ok := r.texts(list)
	if !ok {
		return &node{}
	}
	return &node{op: among, field: at, set: set, whenAbsent: No}
}

func (r *reader) search(op operator, in, wanted ast.Node, o *eval.Operation) *node {
	at := r.field(in)
	s, ok := r.text(wanted)
	if at < 0 || !ok || r.fields.list[at].kind == reflect.Bool || o == nil && !r.fields.list[at].typed() {
		return &node{}
	}
	r.fields.list[at].searched = true
	return &node{op: op, field: at, text: s, whenAbsent: No}
}

// field returns the index of an event field; -1 for anything else.
func (r *reader) field(n ast.Node) int {
	root, names, ok := pathOf(n)
	if !ok {
		return -1
	}
	return r.fields.add(root, names)
}

// pathOf returns the names of a path of fields.
func pathOf(n ast.Node) (root string, names []string, ok bool) {
	var from, key ast.Node
	switch x := n.(type) {
	case *ast.IdentifierNode:
		return x.Value, nil, true
	case *ast.MemberNode:
		if x.Optional || x.Method {
			return "", nil, false
		}
		from, key = x.Node, x.Property
	case *ast.CallNode:
		callee, ok := x.Callee.(*ast.IdentifierNode)
		if !ok || callee.Value != eval.FetchWord || len(x.Arguments) != 3 {
			return "", nil, false
		}
		from, key = x.Arguments[1], x.Arguments[2]
	default:
		return "", nil, false
	}
	name, ok := key.(*ast.StringNode)
	if !ok {
		return "", nil, false
	}
	root, names, ok = pathOf(from)
	return root, append(names, name.Value), ok
}

// longest limits concatenated constants, in bytes.
const longest = 1 << 16

// text returns the value of a constant text expression.
func (r *reader) text(n ast.Node) (string, bool) {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value, true
	case *ast.MemberNode:
		s, ok := r.constant(x).(string)
		return s, ok
	case *ast.BinaryNode:
		left, ok := r.text(x.Left)
		right, too := r.text(x.Right)
		return left + right, x.Operator == "+" && ok && too && len(left)+len(right) <= longest
	}
	return "", false
}

// constant returns the value of a path below vars or env; nil for anything else.
func (r *reader) constant(n ast.Node) any {
	root, names, ok := pathOf(n)
	var v any
	switch {
	case !ok:
		return nil
	case root == eval.WordVars:
		v = r.constants.Vars
	case root == eval.WordEnv:
		v = r.constants.Env
	}
	for _, name := range names {
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = object[name]
	}
	return v
}

// texts returns the items of a constant list of texts.
func (r *reader) texts(n ast.Node) (map[string]struct{}, bool) {
	out := map[string]struct{}{}
	switch x := n.(type) {
	case *ast.ConstantNode:
		set, ok := x.Value.(map[string]struct{})
		return set, ok
	case *ast.ArrayNode:
		for _, item := range x.Nodes {
			s, ok := item.(*ast.StringNode)
			if !ok {
				return nil, false
			}
			out[s.Value] = struct{}{}
		}
		return out, true
	case *ast.MemberNode:
		items, ok := r.constant(x).([]any)
		for _, item := range items {
			s, isText := item.(string)
			ok = ok && isText
			out[s] = struct{}{}
		}
		return out, ok
	}
	return nil, false
}
