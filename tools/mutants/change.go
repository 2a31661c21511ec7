package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// change is one small change to the code.
type change struct {
	id    int
	file  string
	line  int
	where string // the function
	words string
}

// key identifies a change independently of its line.
func (c change) key() string { return c.file + " " + c.where + ": " + c.words }

type edit struct {
	at    int
	close bool
	size  int // of the node that the edit is for
	text  string
}

// file rewrites one source file by inserting text, so that line numbers stay the
// same.
type file struct {
	set    *token.FileSet
	name   string
	source []byte
	where  string
	edits  []edit
	all    *[]change
}

func instrument(rooms []string) ([]change, error) {
	var all []change
	for _, room := range rooms {
		names, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			if err := rewrite(name, &all); err != nil {
				return nil, err
			}
		}
	}
	if err := os.MkdirAll(switchFolder, 0o700); err != nil {
		return nil, err
	}
	at, err := filepath.Abs(switchName)
	if err != nil {
		return nil, err
	}
	return all, os.WriteFile(filepath.Join(switchFolder, "mutant.go"), fmt.Appendf(nil, switchSource, at), 0o600)
}

func rewrite(name string, all *[]change) error {
	source, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, name, source, 0)
	if err != nil {
		return err
	}
	f := &file{set: set, name: name, source: source, all: all}
	for _, d := range tree.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			f.where = functionName(fn)
			ast.Inspect(fn.Body, f.visit)
		}
	}
	if len(f.edits) == 0 {
		return nil
	}
	f.edits = append(f.edits, edit{at: f.offset(tree.Name.End()), text: "; " + strings.TrimSuffix(switchImport, "; ")})
	return os.WriteFile(name, f.apply(), 0o600)
}

func functionName(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return fn.Name.Name
	}
	kind := fn.Recv.List[0].Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	if generic, ok := kind.(*ast.IndexExpr); ok {
		kind = generic.X
	}
	if id, ok := kind.(*ast.Ident); ok {
		return id.Name + "." + fn.Name.Name
	}
	return fn.Name.Name
}

func (f *file) offset(p token.Pos) int { return f.set.Position(p).Offset }

func (f *file) text(n ast.Node) string {
	return string(f.source[f.offset(n.Pos()):f.offset(n.End())])
}

func (f *file) add(n ast.Node, words string) int {
	id := len(*f.all) + 1
	words = strings.Join(strings.Fields(words), " ")
	*f.all = append(*f.all, change{id: id, file: f.name, line: f.set.Position(n.Pos()).Line, where: f.where, words: words})
	return id
}

func (f *file) wrap(n ast.Node, before, after string) {
	from, to := f.offset(n.Pos()), f.offset(n.End())
	f.edits = append(f.edits, edit{at: from, size: to - from, text: before}, edit{at: to, close: true, size: to - from, text: after})
}

// apply inserts the edits. At the same offset, inner ones close first and outer
// ones open first.
func (f *file) apply() []byte {
	slices.SortStableFunc(f.edits, func(a, b edit) int {
		switch {
		case a.at != b.at:
			return cmp.Compare(a.at, b.at)
		case a.close != b.close && a.close:
			return -1
		case a.close != b.close:
			return 1
		case a.close:
			return cmp.Compare(a.size, b.size)
		}
		return cmp.Compare(b.size, a.size)
	})
	var out []byte
	done := 0
	for _, e := range f.edits {
		out = append(append(out, f.source[done:e.at]...), e.text...)
		done = e.at
	}
	return append(out, f.source[done:]...)
}

// visit finds what can be changed: comparisons, && and ||, conditions, returned
// errors and booleans, statements.
func (f *file) visit(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.GenDecl:
		return x.Tok != token.CONST
	case *ast.ForStmt:
		if x.Cond != nil {
			if c, ok := x.Cond.(*ast.BinaryExpr); ok {
				f.boundary(c)
			}
			return f.within(x.Body)
		}
	case *ast.BinaryExpr:
		f.binary(x)
	case *ast.IfStmt:
		if b, ok := x.Cond.(*ast.BinaryExpr); !ok || !isComparison(b.Op) {
			id := f.add(x.Cond, "not ("+f.text(x.Cond)+")")
			f.wrap(x.Cond, fmt.Sprintf("mutant.On(%d) != (", id), ")")
		}
	case *ast.ReturnStmt:
		f.returned(x)
	case *ast.BlockStmt:
		f.statements(x.List)
	case *ast.CaseClause:
		f.statements(x.Body)
	}
	return true
}

func (f *file) within(body *ast.BlockStmt) bool {
	ast.Inspect(body, f.visit)
	return false
}

func isComparison(op token.Token) bool {
	return slices.Contains([]token.Token{token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ}, op)
}

func (f *file) binary(x *ast.BinaryExpr) {
	text := f.text(x)
	switch {
	case x.Op == token.LAND:
		id := f.add(x, text+" with or")
		f.wrap(x, "((", fmt.Sprintf(") || (mutant.On(%d) && ((%s) || (%s))))", id, f.text(x.X), f.text(x.Y)))
	case x.Op == token.LOR:
		id := f.add(x, text+" with and")
		f.wrap(x, "((", fmt.Sprintf(") && (!mutant.On(%d) || ((%s) && (%s))))", id, f.text(x.X), f.text(x.Y)))
	case isComparison(x.Op):
		id := f.add(x, "not ("+text+")")
		f.wrap(x, fmt.Sprintf("(mutant.On(%d) != (", id), "))")
		f.boundary(x)
	}
}

// boundary inverts an ordering comparison if both sides are equal.
func (f *file) boundary(x *ast.BinaryExpr) {
	if !slices.Contains([]token.Token{token.LSS, token.LEQ, token.GTR, token.GEQ}, x.Op) {
		return
	}
	id := f.add(x, f.text(x)+" otherwise at equality")
	f.wrap(x, "((", fmt.Sprintf(") != (mutant.On(%d) && (%s) == (%s)))", id, f.text(x.X), f.text(x.Y)))
}

func (f *file) returned(x *ast.ReturnStmt) {
	for _, r := range x.Results {
		id, ok := r.(*ast.Ident)
		switch {
		case !ok:
		case id.Name == "err":
			n := f.add(r, "return without the error")
			f.wrap(r, fmt.Sprintf("mutant.Drop(%d, ", n), ")")
		case id.Name == "true" || id.Name == "false":
			n := f.add(r, "return not "+id.Name)
			f.wrap(r, fmt.Sprintf("mutant.On(%d) != ", n), "")
		}
	}
}

// statements skips assignments and calls, one at a time.
func (f *file) statements(list []ast.Stmt) {
	for _, s := range list {
		switch x := s.(type) {
		case *ast.ExprStmt:
			call, ok := x.X.(*ast.CallExpr)
			if !ok || ends(f.text(call.Fun)) {
				continue
			}
		case *ast.AssignStmt:
			if x.Tok == token.DEFINE {
				continue
			}
		case *ast.IncDecStmt:
		default:
			continue
		}
		id := f.add(s, "without "+firstLine(f.text(s)))
		f.wrap(s, fmt.Sprintf("if !mutant.On(%d) { ", id), " }")
	}
}

func ends(name string) bool { return name == "panic" || name == "os.Exit" }

func firstLine(s string) string {
	line, _, more := strings.Cut(s, "\n")
	if more {
		return line + " …"
	}
	return line
}
