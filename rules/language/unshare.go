package language

import (
	"reflect"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// unshare copies nodes that occur twice in the tree, such as x in 0 < x <= 10,
// which would otherwise be rewritten twice.
func unshare(tree *parser.Tree) *Problem {
	u := &unsharer{seen: make(map[ast.Node]bool, 16), left: maxExprNodes}
	u.walk(&tree.Node)
	if u.left < 0 {
		return &Problem{Message: "the expression is too long", Hint: "write fewer comparisons in a row"}
	}
	return nil
}

type unsharer struct {
	seen map[ast.Node]bool
	left int
}

func (u *unsharer) walk(node *ast.Node) {
	if *node == nil {
		return
	}
	if u.left--; u.left < 0 {
		return
	}
	if u.seen[*node] {
		*node = copyNode(*node)
	}
	u.seen[*node] = true
	// The common kinds, because reflection is slow.
	switch n := (*node).(type) {
	case *ast.IdentifierNode, *ast.StringNode, *ast.IntegerNode, *ast.BoolNode, *ast.NilNode:
		return
	case *ast.MemberNode:
		u.walk(&n.Node)
		u.walk(&n.Property)
		return
	case *ast.BinaryNode:
		u.walk(&n.Left)
		u.walk(&n.Right)
		return
	}
	fields := reflect.ValueOf(*node).Elem()
	for i := range fields.NumField() {
		if !fields.Type().Field(i).IsExported() {
			continue
		}
		switch f := fields.Field(i).Addr().Interface().(type) {
		case *ast.Node:
			u.walk(f)
		case *[]ast.Node:
			for j := range *f {
				u.walk(&(*f)[j])
			}
		}
	}
}

// copyNode copies a node without its children.
func copyNode(n ast.Node) ast.Node {
	from := reflect.ValueOf(n).Elem()
	to := reflect.New(from.Type())
	to.Elem().Set(from)
	for i := range from.NumField() {
		if f := to.Elem().Field(i); f.Kind() == reflect.Slice && f.CanSet() {
			list := reflect.MakeSlice(f.Type(), f.Len(), f.Len())
			reflect.Copy(list, f)
			f.Set(list)
		}
	}
	out, _ := to.Interface().(ast.Node)
	return out
}
