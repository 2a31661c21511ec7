// Package language is the expression language of rules: the names an expression
// may use, how it is checked and compiled, and the scope it is evaluated in.
//
//	source ──► parse ──► bind names ──► check types ──► rewrite ──► Program
//	                       Vocabulary                   absent        Run(Scope)
//	                                                    values, exact
//	                                                    numbers
//
// The functions that a program calls at run time are in package eval.
package language

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/checker/nature"
	exprcompiler "github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules/language/eval"
)

// Limits of one expression.
const (
	maxExprNodes  = 2000
	maxExprLength = 16 << 10
)

// Compiler turns expressions into programs. One compiler serves one load.
type Compiler struct {
	config    *conf.Config
	library   *eval.Library
	functions []eval.Function
	env       map[string]string
	envType   types.Type
	varsType  types.Type
	memory    types.Map // nil if no rule remembers anything
	vms       *sync.Pool
	match     *Vocabulary // what MatchVocabulary returns a copy of
	actions   []*actionNames
	compiled  map[compiledKey]*Program
	shared    map[string]Shared
	tables    map[string]Table
	misread   map[string]bool
	// Keyed are the tables of which an expression looks up rows by key.
	Keyed map[string]bool
	// Constants is the scope without an event.
	Constants *Scope
	// Secrets are the values that the rules hide. Told are those that findings
	// hide; they also include common words from the environment.
	Secrets, Told privacy.Secrets
	// Reported are the missing environment variables reported so far, so that
	// each is reported once.
	Reported map[string]bool
	// Used are the conditions and tables that expressions use, as written:
	// conditions.NAME.
	Used map[string]bool
}

func NewCompiler(env map[string]string) *Compiler {
	c := &Compiler{
		config: conf.CreateNew(), env: env, Reported: map[string]bool{}, Used: map[string]bool{}, compiled: map[compiledKey]*Program{},
		vms: &sync.Pool{New: func() any { return &vm.VM{MemoryBudget: eval.MemoryBudget} }},
	}
	c.library = eval.NewLibrary()
	c.functions = c.library.Functions()
	c.config.MaxNodes = maxExprNodes
	// Rules do not see the wall clock: now() is the scope's clock.
	c.config.Disabled["now"] = true
	delete(c.config.Builtins, "now")
	for _, f := range c.functions {
		c.config.Functions[f.Name] = &builtin.Function{Name: f.Name, Func: f.Call, Types: f.Types}
	}
	eval.Guard(c.config)
	envType, values := types.Map{}, map[string]any{}
	for name, value := range env {
		envType[name] = types.String
		values[name] = value
	}
	c.envType = envType
	c.SetVars(nil)
	c.Constants.env[eval.WordEnv] = values
	return c
}

// Environment returns the environment variables that rules may read, by name.
func (c *Compiler) Environment() map[string]any {
	values, _ := c.Constants.env[eval.WordEnv].(map[string]any)
	return values
}

// SetVars sets the vars for expressions compiled from now on.
func (c *Compiler) SetVars(vars map[string]any) {
	if c.Constants == nil {
		c.Constants = &Scope{env: map[string]any{}}
	}
	c.Constants.env[eval.WordVars] = vars
	c.match, c.actions = nil, nil
	c.varsType = typeOfValue(vars)
	if vars == nil {
		c.varsType = types.Map{}
	}
}

// SuppressVarErrors avoids reporting a mistake in a var again wherever the var
// is used.
func (c *Compiler) SuppressVarErrors(valid map[string]bool, incomplete bool) {
	c.match, c.actions = nil, nil
	known, ok := c.varsType.(types.Map)
	if !ok {
		return
	}
	for name := range known {
		if !valid[name] {
			known[name] = types.Any
		}
	}
	if incomplete {
		known[types.Extra] = types.Any
	}
}

// Secret hides a value that is marked as a secret.
func (c *Compiler) Secret(value string) {
	c.Secrets.Add(value)
	c.Told.Add(value)
}

// Hide adds the environment variables that an expression reads to the secrets.
// In a setting, such as a host, common words are not secrets.
func (c *Compiler) Hide(p *Program, setting bool) {
	for _, name := range p.env {
		c.Secrets.AddFromEnv(name, c.env[name], setting)
		c.Told.AddFromEnv(name, c.env[name], false)
	}
}

// Compile checks and compiles one expression. The program is nil when there is
// a problem.
func (c *Compiler) Compile(source string, w *Vocabulary, g Guarding) (p *Program, found []Problem) {
	// A bug in the expression library must not end a running Gavel.
	defer func() {
		if r := recover(); r != nil {
			p, found = nil, []Problem{{Message: "the expression cannot be compiled", Hint: fmt.Sprint(r)}}
		}
	}()
	if strings.TrimSpace(source) == "" {
		return nil, []Problem{{Message: "the expression is empty"}}
	}
	if len(source) > maxExprLength {
		return nil, []Problem{{Message: fmt.Sprintf("the expression is longer than %d bytes", maxExprLength)}}
	}
	c.take(w)
	key := compiledKey{w.env, g, source}
	if known := c.compiled[key]; known != nil {
		again := *known
		return &again, nil
	}
	tree, err := parser.ParseWithConfig(source, c.config)
	if err != nil {
		return nil, []Problem{c.habit(source, err)}
	}
	if p, found = c.finish(tree, source, w, g); p != nil {
		once := *p
		c.compiled[key] = &once
	}
	return p, found
}

// compiledKey is what a program without problems depends on: the names and
// their types, and the source. Many rules have the same expressions.
type compiledKey struct {
	env    *nature.Nature
	guard  Guarding
	source string
}

// Parse returns the tree of a valid expression before it is compiled.
func (c *Compiler) Parse(source string, w *Vocabulary) (ast.Node, error) {
	c.take(w)
	tree, err := parser.ParseWithConfig(source, c.config)
	if err != nil {
		return nil, err
	}
	return tree.Node, nil
}

// CompilePart compiles a part of a valid expression, given as a path of child
// indexes (see ChildrenOf). It parses the expression again, because compiling
// changes the tree. It returns nil if the part cannot be evaluated alone.
func (c *Compiler) CompilePart(source string, w *Vocabulary, path []int, g Guarding) (out *Program) {
	// A bug in the expression library costs one value, not the whole explanation.
	defer func() {
		if recover() != nil {
			out = nil
		}
	}()
	c.take(w)
	tree, err := parser.ParseWithConfig(source, c.config)
	if err != nil {
		return nil
	}
	tree.Node = nodeByPath(tree.Node, path)
	p, problems := c.finish(tree, source, w, g)
	if len(problems) > 0 {
		return nil
	}
	return p
}

// finish checks and compiles a parsed expression.
func (c *Compiler) finish(tree *parser.Tree, source string, w *Vocabulary, g Guarding) (p *Program, found []Problem) {
	if problems := c.insert(tree, w); len(problems) > 0 {
		return nil, problems
	}
	if shared := unshare(tree); shared != nil {
		return nil, []Problem{*shared}
	}
	nodes := 0
	if g != Unguarded {
		nodes = nodesIn(tree.Node)
	}
	binder := &binder{words: w, functions: c.functions, comp: c}
	ast.Walk(&tree.Node, binder)
	if len(binder.problems) > 0 {
		return nil, binder.problems
	}
	_, checkErr := checker.Check(tree, c.config)
	look := &lookup{comp: c, words: w, lets: declared(tree.Node), callees: map[ast.Node]bool{}, envUse: map[ast.Node]bool{}}
	ast.Walk(&tree.Node, look)
	look.finish()
	if len(look.problems) > 0 {
		return nil, look.problems
	}
	if checkErr != nil {
		return nil, []Problem{c.habit(source, checkErr)}
	}
	if tree.Node.Nature().IsFunc() {
		return nil, []Problem{{Message: "this is a function, not a value", Hint: "call it with ()"}}
	}
	p = &Program{Source: source, vms: c.vms, needs: look.actions, inputs: look.inputs, Data: look.data, Constant: look.constant(), Raws: look.raws, Foreign: look.foreign, Uses: look.uses, Escape: escapeOf(tree.Node), nodes: nodes}
	for _, word := range []string{eval.WordWindow, eval.WordThrottle} {
		if slices.Contains(look.uses, word) {
			p.windows = append(p.windows, word)
		}
	}
	p.Gathers, p.Recalls = slices.Contains(p.windows, eval.WordWindow), look.usesHistory()
	p.Kind = kindOf(tree.Node.Nature(), &c.config.NtCache)
	p.element = elementOf(tree.Node.Nature(), &c.config.NtCache)
	p.root, p.count = eval.OperandOf(tree.Node), isCount(tree.Node)
	if g != Unguarded && (p.Kind == KindBool || p.Kind == KindAny) {
		p.Lacks = (&needing{cache: &c.config.NtCache}).Condition(&tree.Node, g > 0)
	}
	p.env = look.env
	var err error
	if p.code, p.heavy, err = c.generate(tree); err != nil {
		c.Hide(p, false)
		return nil, []Problem{c.problemOf(err)}
	}
	return p, nil
}

// generate rewrites the checked tree, adds limits where its work can be large,
// and compiles it.
func (c *Compiler) generate(tree *parser.Tree) (*vm.Program, bool, error) {
	var e effort
	ast.Walk(&tree.Node, &e)
	(&rewriter{cache: &c.config.NtCache, comp: c}).rewrite(&tree.Node, eval.UseAny)
	ast.Walk(&tree.Node, &eval.Growth{Cache: &c.config.NtCache})
	if e.heavy {
		ast.Walk(&tree.Node, &weigher{cache: &c.config.NtCache})
	}
	if _, err := checker.Check(tree, c.config); err != nil {
		return nil, false, err
	}
	if err := optimizer.Optimize(&tree.Node, c.config); err != nil {
		var located *file.Error
		if errors.As(err, &located) {
			return nil, false, located.Bind(tree.Source)
		}
		return nil, false, err
	}
	code, err := exprcompiler.Compile(tree, c.config)
	return code, e.heavy, err
}
