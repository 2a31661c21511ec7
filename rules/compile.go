package rules

import (
	"errors"
	"fmt"
	"reflect"
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
)

// The bounds of one expression.
const (
	maxExprNodes  = 2000
	maxExprLength = 16 << 10
	memoryBudget  = 100_000
)

// compiler turns expressions into programs. One compiler serves one load.
type compiler struct {
	config    *conf.Config
	library   *library
	functions []Function
	env       map[string]string
	envType   types.Type
	varsType  types.Type
	vms       *sync.Pool
	// constants is the scope of what is known without an event.
	constants *Scope
	// secrets are what the rules hide; told are those of the findings, where a
	// value of the environment stands in the wrong place.
	secrets, told privacy.Secrets
	// reported holds names of environment variables that are known to be
	// missing, so that each is reported once.
	reported map[string]bool
}

func newCompiler(env map[string]string) *compiler {
	c := &compiler{
		config: conf.CreateNew(), env: env, reported: map[string]bool{},
		vms: &sync.Pool{New: func() any { return &vm.VM{MemoryBudget: memoryBudget} }},
	}
	c.library = newLibrary()
	c.functions = c.library.functions()
	c.config.MaxNodes = maxExprNodes
	// The wall clock is no input of a rule: now() is the scope's clock.
	c.config.Disabled["now"] = true
	delete(c.config.Builtins, "now")
	for _, f := range c.functions {
		c.config.Functions[f.Name] = &builtin.Function{Name: f.Name, Func: f.call, Types: f.types}
	}
	guard(c.config)
	envType, values := types.Map{}, map[string]any{}
	for name, value := range env {
		envType[name] = types.String
		values[name] = value
	}
	c.envType = envType
	c.setVars(nil)
	c.constants.env[wordEnv] = values
	return c
}

// environment is what rules may read of the environment, by name.
func (c *compiler) environment() map[string]any {
	values, _ := c.constants.env[wordEnv].(map[string]any)
	return values
}

// setVars makes vars known to expressions that are compiled from now on.
func (c *compiler) setVars(vars map[string]any) {
	if c.constants == nil {
		c.constants = &Scope{env: map[string]any{}}
	}
	c.constants.env[wordVars] = vars
	c.varsType = typeOfValue(vars)
	if vars == nil {
		c.varsType = types.Map{}
	}
}

// forgiveVars keeps mistakes in vars from being reported again wherever they
// are used.
func (c *compiler) forgiveVars(sound map[string]bool, incomplete bool) {
	known, ok := c.varsType.(types.Map)
	if !ok {
		return
	}
	for name := range known {
		if !sound[name] {
			known[name] = types.Any
		}
	}
	if incomplete {
		known[types.Extra] = types.Any
	}
}

// secret hides a value that its author calls a secret.
func (c *compiler) secret(value string) {
	c.secrets.Add(value)
	c.told.Add(value)
}

// hide adds what an expression reads from the environment to the secrets. In a
// setting, such as a host, everyday values are none.
func (c *compiler) hide(p *program, setting bool) {
	for _, name := range p.env {
		c.secrets.AddFromEnv(name, c.env[name], setting)
		c.told.AddFromEnv(name, c.env[name], false)
	}
}

// problem is something wrong in an expression. From and to count characters.
type problem struct {
	from, to      int
	message, hint string
	env           string // the missing environment variable it is about
}

// guarding says whether an expression is a condition, which is false for events
// that lack what it needs.
type guarding int

const (
	unguarded     guarding = 0
	guarded       guarding = 1
	guardedNegate guarding = -1 // a part of a condition that stands under a not
)

// compile checks and compiles one expression. The program is nil when there is
// a problem.
func (c *compiler) compile(source string, w *vocabulary, g guarding) (p *program, found []problem) {
	// A running Gavel reads files that people edit: a mistake in the expression
	// library must not end it.
	defer func() {
		if r := recover(); r != nil {
			p, found = nil, []problem{{message: "the expression cannot be compiled", hint: fmt.Sprint(r)}}
		}
	}()
	if strings.TrimSpace(source) == "" {
		return nil, []problem{{message: "the expression is empty"}}
	}
	if len(source) > maxExprLength {
		return nil, []problem{{message: fmt.Sprintf("the expression is longer than %d bytes", maxExprLength)}}
	}
	c.config.WithEnv(w.names)
	tree, err := parser.ParseWithConfig(source, c.config)
	if err != nil {
		return nil, []problem{c.habit(source, err)}
	}
	return c.finish(tree, source, w, g)
}

// parse returns the tree of a sound expression, as it is before it is compiled.
func (c *compiler) parse(source string, w *vocabulary) (ast.Node, error) {
	c.config.WithEnv(w.names)
	tree, err := parser.ParseWithConfig(source, c.config)
	if err != nil {
		return nil, err
	}
	return tree.Node, nil
}

// compilePart compiles the part of a sound expression that a path of indexes
// leads to (see childrenOf), in a parse of its own, because compiling changes
// the tree. It is nil for a part that cannot stand alone.
func (c *compiler) compilePart(source string, w *vocabulary, path []int, g guarding) (out *program) {
	// A mistake in the expression library costs one value, not the answer.
	defer func() {
		if recover() != nil {
			out = nil
		}
	}()
	c.config.WithEnv(w.names)
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
func (c *compiler) finish(tree *parser.Tree, source string, w *vocabulary, g guarding) (p *program, found []problem) {
	if shared := unshare(tree); shared != nil {
		return nil, []problem{*shared}
	}
	binder := &binder{words: w, functions: c.functions}
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
		return nil, []problem{c.habit(source, checkErr)}
	}
	if tree.Node.Nature().IsFunc() {
		return nil, []problem{{message: "this is a function, not a value", hint: "call it with ()"}}
	}
	p = &program{source: source, vms: c.vms, needs: look.actions, data: look.data, constant: look.constant(), raws: look.raws, uses: look.uses}
	for _, word := range []string{wordWindow, wordThrottle} {
		if slices.Contains(look.uses, word) {
			p.windows = append(p.windows, word)
		}
	}
	p.gathers, p.recalls = slices.Contains(p.windows, wordWindow), look.usesHistory()
	p.kind = kindOf(tree.Node.Nature(), &c.config.NtCache)
	p.root, p.count = operandOf(tree.Node), isCount(tree.Node)
	if g != unguarded && (p.kind == kindBool || p.kind == kindAny) {
		p.lacks = (&needing{cache: &c.config.NtCache}).condition(&tree.Node, g > 0)
	}
	p.env = look.env
	var err error
	if p.code, p.heavy, err = c.generate(tree); err != nil {
		c.hide(p, false)
		return nil, []problem{c.problemOf(err)}
	}
	return p, nil
}

// generate gives the checked tree the meaning of rules, bounds its work where that can be
// much, and compiles it.
func (c *compiler) generate(tree *parser.Tree) (*vm.Program, bool, error) {
	var e effort
	ast.Walk(&tree.Node, &e)
	(&rewriter{cache: &c.config.NtCache, comp: c}).rewrite(&tree.Node, useAny)
	ast.Walk(&tree.Node, &growth{cache: &c.config.NtCache})
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

func (c *compiler) problemOf(err error) problem {
	var located *file.Error
	if !errors.As(err, &located) {
		// A fault inside the compiler comes with a stack trace; its first line
		// is what can be of use to an author.
		first, _, _ := strings.Cut(err.Error(), "\n")
		return problem{message: plainWords(first)}
	}
	message := plainWords(located.Message)
	return problem{from: located.From, to: located.To, message: message, hint: hintFor(message)}
}

// kind is the type of an expression's value as far as rules tell types apart.
type kind string

const (
	kindAny      kind = "any"
	kindNothing  kind = "nothing"
	kindText     kind = "text"
	kindNumber   kind = "a number"
	kindBool     kind = "true or false"
	kindTime     kind = "a time"
	kindDuration kind = "a duration"
	kindList     kind = "a list"
	kindObject   kind = "an object"
	kindRaw      kind = "raw text"
)

func kindOf(n *nature.Nature, cache *nature.Cache) kind {
	if n.Nil {
		return kindNothing
	}
	if n.IsUnknown(cache) {
		return kindAny
	}
	if n.Type == reflect.TypeFor[rawText]() {
		return kindRaw
	}
	d := n.Deref(cache)
	switch {
	case d.IsTime():
		return kindTime
	case d.IsDuration():
		return kindDuration
	case d.IsNumber():
		return kindNumber
	case d.IsBool():
		return kindBool
	case d.IsString():
		return kindText
	case d.IsArray():
		return kindList
	}
	return kindObject
}
