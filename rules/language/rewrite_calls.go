package language

import (
	"reflect"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker/nature"

	"github.com/gavel-rules/gavel/rules/language/eval"
)

func (r *rewriter) call(node *ast.Node, n *ast.CallNode) {
	if m, ok := n.Callee.(*ast.MemberNode); ok {
		r.rewrite(&n.Callee, eval.UseAny)
		_ = m
		r.rewriteAll(n.Arguments, eval.UseStrict)
		return
	}
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		r.rewriteAll(n.Arguments, eval.UseAny)
		return
	}
	if callee.Value == "has" && len(n.Arguments) == 1 {
		r.absence(node, &n.Arguments[0], true)
		return
	}
	f := eval.FunctionCall(callee.Value, r.comp.functions, r.comp.config)
	if f == nil {
		r.rewriteAll(n.Arguments, eval.UseAny)
		return
	}
	about := f.About(n.Arguments, r.cache)
	for i := range n.Arguments {
		u := f.UseOf(i)
		if f.Moment && i == 0 {
			u = eval.UseAny // the function checks it itself
		}
		r.rewrite(&n.Arguments[i], u)
	}
	if isWord(firstOf(n.Arguments), eval.WordMeeting) || f.Plain {
		return
	}
	r.replace(node, *n.Nature(), eval.CalleeWord, about, n.Arguments...)
}

func firstOf(nodes []ast.Node) ast.Node {
	if len(nodes) == 0 {
		return nil
	}
	return nodes[0]
}

func (r *rewriter) rewriteAll(nodes []ast.Node, u eval.Use) {
	for i := range nodes {
		r.rewrite(&nodes[i], u)
	}
}

func (r *rewriter) builtin(node *ast.Node, n *ast.BuiltinNode) {
	if isLoop(n.Name) {
		r.loop(node, n)
		return
	}
	f := eval.BuiltinCall(n.Name, r.comp.config)
	if f == nil {
		r.rewriteAll(n.Arguments, eval.UseAny)
		return
	}
	about, kept := f.About(n.Arguments, r.cache), *n.Nature()
	open := false
	for i := range n.Arguments {
		// A calculated argument is exact afterwards, and no longer of a Go type.
		open = open || r.openArgument(n.Name, n.Arguments[i])
		r.rewrite(&n.Arguments[i], f.UseOf(i))
		open = open || r.openArgument(n.Name, n.Arguments[i]) || f.Numeric || n.Name == "sort"
	}
	if !open && !f.Always {
		return
	}
	if f.Numeric {
		kept = nature.Nature{}
	}
	r.replace(node, kept, eval.CalleeWord, about, n.Arguments...)
}

// openArgument reports whether a builtin must check an argument at run time.
func (r *rewriter) openArgument(name string, n ast.Node) bool {
	nt := n.Nature().Deref(r.cache)
	if nt.IsArray() {
		elem := nt.Elem(r.cache)
		return elem.IsUnknown(r.cache)
	}
	return r.Unknown(n) || nt.IsString() && (name == "int" || name == "float")
}

// loop rewrites a builtin that iterates over a list.
func (r *rewriter) loop(node *ast.Node, n *ast.BuiltinNode) {
	list := eval.OperandOf(n.Arguments[0])
	r.rewrite(&n.Arguments[0], eval.UseAny)
	if r.Unknown(n.Arguments[0]) {
		r.wrap(&n.Arguments[0], eval.ListWord, list, r.cache.FromType(eval.AnyListType()))
	}
	for i := range n.Arguments[1:] {
		argument := &n.Arguments[i+1]
		body, ok := (*argument).(*ast.PredicateNode)
		if !ok {
			r.rewrite(argument, eval.UseAny)
			continue
		}
		named := eval.OperandOf(body.Node)
		r.rewrite(&body.Node, loopUse(n.Name))
		if word := loopKey(n.Name); word != "" && r.Unknown(body.Node) {
			r.wrap(&body.Node, word, named, nature.Nature{})
		}
	}
	if n.Name == "sum" {
		r.sum(node, n, list)
	}
	if kept := *n.Nature(); (n.Name == "find" || n.Name == "findLast") && kept.Type != nil && kept.Type.Kind() == reflect.Pointer {
		r.replace(node, kept, eval.FoundRowWord, reflect.New(kept.Type.Elem()).Interface(), n)
	}
}

// sum adds up values of unknown type exactly.
func (r *rewriter) sum(node *ast.Node, n *ast.BuiltinNode, list eval.Operand) {
	values := n.Arguments[0]
	if len(n.Arguments) == 2 {
		mapped := &ast.BuiltinNode{Name: "map", Arguments: n.Arguments}
		mapped.SetLocation(n.Location())
		mapped.SetNature(r.cache.FromType(eval.AnyListType()))
		values = mapped
	}
	f := eval.BuiltinCall("sum", r.comp.config)
	r.replace(node, nature.Nature{}, eval.CalleeWord, f.Named(list), values)
}

func isLoop(name string) bool {
	switch name {
	case "all", "none", "any", "one", "filter", "map", "find", "findIndex", "findLast", "findLastIndex",
		"count", "sum", "groupBy", "sortBy", "reduce":
		return true
	}
	return false
}

func loopUse(name string) eval.Use {
	switch name {
	case "map", "sum", "groupBy", "reduce":
		return eval.UseAny
	case "sortBy":
		return eval.UseStrict
	}
	return eval.UseTruth
}

func loopKey(name string) string {
	switch name {
	case "sortBy":
		return eval.SortKeyWord
	case "groupBy":
		return eval.GroupKeyWord
	}
	return ""
}
