// Command mutants changes the Go files of one package, one place at a time, and
// tells which changes no test notices. It works on the tree that it stands in;
// scripts/mutants gives it a copy.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// mutant is one change, and how it is undone.
type mutant struct {
	pos   token.Position
	words string
	apply func() (undo func())
}

func main() {
	minutes := flag.Int("minutes", 10, "how long to go on")
	seed := flag.Uint64("seed", 1, "which changes come first")
	flag.Parse()
	if err := run(flag.Args(), time.Duration(*minutes)*time.Minute, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(args []string, limit time.Duration, seed uint64) error {
	if len(args) == 0 {
		return fmt.Errorf("name the folder of a package")
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	room := filepath.Clean(args[0])
	tests := append([]string{"./" + room}, args[1:]...)
	if out, err := test(ctx, tests); err != nil {
		return fmt.Errorf("the tests fail without any change:\n%s", out)
	}
	fset := token.NewFileSet()
	files := map[string]*ast.File{}
	names, err := filepath.Glob(filepath.Join(room, "*.go"))
	if err != nil {
		return err
	}
	var all []mutant
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		files[name] = f
		all = append(all, mutantsOf(fset, f)...)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return try(ctx, fset, files, all, tests)
}

// try makes the changes in turn until time is up.
func try(ctx context.Context, fset *token.FileSet, files map[string]*ast.File, all []mutant, tests []string) error {
	tried, unbuilt, left := 0, 0, 0
	for _, m := range all {
		if ctx.Err() != nil {
			break
		}
		original, err := os.ReadFile(m.pos.Filename)
		if err != nil {
			return err
		}
		undo := m.apply()
		var changed bytes.Buffer
		err = format.Node(&changed, fset, files[m.pos.Filename])
		undo()
		if err != nil {
			return err
		}
		if err := os.WriteFile(m.pos.Filename, changed.Bytes(), 0o600); err != nil {
			return err
		}
		out, failed := test(ctx, tests)
		if err := os.WriteFile(m.pos.Filename, original, 0o600); err != nil {
			return err
		}
		switch {
		case ctx.Err() != nil:
		case failed != nil && strings.Contains(out, "[build failed]"):
			unbuilt++
		case failed != nil:
			tried++
		default:
			tried++
			left++
			fmt.Printf("%s:%d: %s: no test notices\n", m.pos.Filename, m.pos.Line, m.words)
		}
	}
	fmt.Printf("%d of %d changes tried, %d noticed, %d not; %d more did not compile\n", tried, len(all), tried-left, left, unbuilt)
	return nil
}

func test(ctx context.Context, packages []string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", append([]string{"test", "-count=1", "-timeout=2m", "-vet=off"}, packages...)...).CombinedOutput()
	return string(out), err
}

// mutantsOf lists the changes to a file: a comparison turned or moved by one, a
// condition negated, and swapped with or, an error dropped, a number one more.
func mutantsOf(fset *token.FileSet, f *ast.File) []mutant {
	var out []mutant
	add := func(n ast.Node, words string, apply func() func()) {
		out = append(out, mutant{fset.Position(n.Pos()), words, apply})
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.BinaryExpr:
			if to, ok := turned()[x.Op]; ok {
				from := x.Op
				add(x, fmt.Sprintf("%s becomes %s", from, to), func() func() { x.Op = to; return func() { x.Op = from } })
			}
		case *ast.IfStmt:
			was := x.Cond
			add(x, "the condition is negated", func() func() {
				x.Cond = &ast.UnaryExpr{Op: token.NOT, X: &ast.ParenExpr{X: was}}
				return func() { x.Cond = was }
			})
		case *ast.ReturnStmt:
			if i := len(x.Results) - 1; i >= 0 && isErr(x.Results[i]) {
				was := x.Results[i]
				add(x, "the error is dropped", func() func() { x.Results[i] = ast.NewIdent("nil"); return func() { x.Results[i] = was } })
			}
		case *ast.BasicLit:
			if x.Kind == token.INT && len(x.Value) < 6 {
				was := x.Value
				add(x, was+" is one more", func() func() { x.Value = "(" + was + "+1)"; return func() { x.Value = was } })
			}
		}
		return true
	})
	return out
}

func turned() map[token.Token]token.Token {
	return map[token.Token]token.Token{
		token.EQL: token.NEQ, token.NEQ: token.EQL, token.LSS: token.LEQ, token.LEQ: token.LSS,
		token.GTR: token.GEQ, token.GEQ: token.GTR, token.LAND: token.LOR, token.LOR: token.LAND,
		token.ADD: token.SUB, token.SUB: token.ADD,
	}
}

func isErr(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "err"
}
