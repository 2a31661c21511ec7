package explain

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/gavel-rules/gavel/rules/language"
)

// maxShown is the largest number of parts shown. Each part is compiled, and
// nobody reads more.
const maxShown = 300

// shown counts the parts of a node that could be shown.
func shown(n ast.Node) int {
	total := 1
	if isPath(n) {
		return total
	}
	for _, child := range language.ChildrenOf(n) {
		total += shown(child)
	}
	return total
}

// probe is a compiled expression with its compiled parts.
type probe struct {
	source string
	prog   *language.Program // nil if it cannot be evaluated alone
	logic  string
	shared bool // it is conditions.NAME, and its part is that condition
	parts  []*probe
}

// dissect compiles an expression and each of its parts that is worth showing.
// The expression has been compiled before, so it is valid.
func dissect(c *language.Compiler, source string, w *language.Vocabulary) *probe {
	root, err := c.Parse(source, w)
	if err != nil {
		return &probe{source: oneLine(source)}
	}
	left := maxShown
	d := &dissection{comp: c, words: w, source: source, text: newExcerpter(source), left: &left}
	if shown(root) > maxShown {
		return &probe{source: oneLine(source), prog: c.CompilePart(source, w, nil, language.Guarded)}
	}
	return d.probe(root, nil, language.Guarded)
}

type dissection struct {
	comp   *language.Compiler
	words  *language.Vocabulary
	source string
	text   *excerpter
	left   *int // parts of shared conditions that may still be shown
}

// probe compiles one part.
func (d *dissection) probe(n ast.Node, path []int, guard language.Guarding) *probe {
	p := &probe{source: oneLine(d.text.Text(n)), prog: d.comp.CompilePart(d.source, d.words, path, guard), logic: language.LogicOf(n)}
	if len(path) == 0 {
		p.source = oneLine(d.source)
	}
	d.partsOf(p, n, path, guard)
	if name, ok := language.ConditionName(n); ok {
		d.condition(p, name, guard)
	}
	return p
}

// condition adds a shared condition as the part of its name.
func (d *dissection) condition(p *probe, name string, guard language.Guarding) {
	source := d.comp.Conditions()[name].Source
	root, err := d.comp.Parse(source, d.words)
	if err != nil {
		return
	}
	if *d.left -= shown(root); *d.left < 0 {
		return
	}
	inner := &dissection{comp: d.comp, words: d.words, source: source, text: newExcerpter(source), left: d.left}
	p.shared, p.parts = true, []*probe{inner.probe(root, nil, guard)}
}

// partsOf adds the parts of n to p. Chains of the same and/or are one list.
func (d *dissection) partsOf(p *probe, n ast.Node, path []int, guard language.Guarding) {
	if isPath(n) {
		return
	}
	switch language.LogicOf(n) {
	case "and", "or":
	case "not":
		guard = -guard
	default:
		guard = language.Unguarded
	}
	for i, child := range language.ChildrenOf(n) {
		at := append(slices.Clone(path), i)
		inside := p.logic == "and" || p.logic == "or"
		switch {
		case inside && language.LogicOf(child) == p.logic:
			d.partsOf(p, child, at, guard)
		case language.IsTable(child): // too much to show
		case p.logic == "" && language.IsLiteral(child), isPredicate(child), language.IsLiteral(child) && !inside && p.logic != "?:":
		case d.hidesNot(n, child):
			// "a not in b" is written as one, so it is shown as one.
			d.partsOf(p, child, at, guard)
		default:
			p.parts = append(p.parts, d.probe(child, at, guard))
		}
	}
	if d.hidesNotAbove(n) {
		p.logic = ""
	}
}

func isPredicate(n ast.Node) bool {
	_, ok := n.(*ast.PredicateNode)
	return ok
}

// hidesNot tells "a not in b" from "not (a in b)": in the first, not is inside.
func (d *dissection) hidesNot(n, child ast.Node) bool {
	u, ok := n.(*ast.UnaryNode)
	return ok && u.Operator == "not" && strings.TrimSpace(d.text.Text(n)) == strings.TrimSpace(d.text.Text(child))
}

func (d *dissection) hidesNotAbove(n ast.Node) bool {
	u, ok := n.(*ast.UnaryNode)
	return ok && d.hidesNot(n, u.Node)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
