package sieve

import (
	"cmp"
	"slices"
	"strings"
)

// Index finds those of many conditions that an event may satisfy, or that may
// fail. Each condition is indexed by the most selective of its comparisons.
type Index struct {
	always []int32 // conditions that no comparison decides
	fields []lookup
}

// lookup is the index of one field.
type lookup struct {
	field    int
	searched bool
	equal    map[string][]int32
	starts   affixes
	ends     affixes
	within   []part
	literals *literals      // of within, if there are many
	at       map[string]int // in within
	// wary are the conditions that may fail if the field has another type.
	wary []int32
}

// affixes are the prefixes or suffixes that are searched for.
type affixes struct {
	lengths []int
	by      map[string][]int32
}

type part struct {
	text string
	by   []int32
}

// fewLiterals is up to how many texts are searched for one by one.
const fewLiterals = 4

// key is one comparison that must be true.
type key struct {
	field int
	op    operator
	text  string
}

// maxKeys limits the alternative keys of one condition.
const maxKeys = 256

// requirement is a list of keys of which one must be true. Otherwise the
// condition is false and does not fail, if the fields have the expected types.
type requirement struct {
	keys   []key
	fields []int
}

// NewIndex indexes conditions; nil is one that is always true.
func (f *Fields) NewIndex(conditions []*Condition) *Index {
	options := make([][]requirement, len(conditions))
	shared := map[key]int{}
	for i, c := range conditions {
		if c == nil {
			continue
		}
		options[i] = c.requirements()
		for _, o := range options[i] {
			for _, k := range o.keys {
				shared[k]++
			}
		}
	}
	out := &Index{}
	b := &builder{fields: f, at: map[int]*lookup{}}
	for i, list := range options {
		if len(list) == 0 {
			out.always = append(out.always, int32(i))
			continue
		}
		b.add(int32(i), slices.MinFunc(list, func(a, b requirement) int { return cmp.Compare(a.cost(shared), b.cost(shared)) }))
	}
	out.fields = b.finish()
	return out
}

// cost grows with the number of conditions that share the keys. A contains has
// to be searched for in each event; an equality is only looked up.
func (r *requirement) cost(shared map[key]int) int {
	out := 0
	for _, k := range r.keys {
		out += 4 * shared[k]
		if k.op == contains {
			out++
		}
	}
	return out
}

// requirements returns the parts of a condition that must each be true: the
// operands of an and, up to the first that could fail.
func (c *Condition) requirements() []requirement {
	var out []requirement
	var before []int
	var walk func(n *node) bool
	walk = func(n *node) bool {
		if n.op == and {
			return walk(n.left) && walk(n.right)
		}
		var fields []int
		if !n.sure(&fields) {
			return false
		}
		before = append(before, fields...)
		if keys, ok := n.keys(); ok && len(keys) <= maxKeys {
			out = append(out, requirement{keys, before[:len(before):len(before)]})
		}
		return true
	}
	walk(c.root)
	return out
}

// sure reports whether a part is completely understood, and adds its fields.
func (n *node) sure(fields *[]int) bool {
	switch n.op {
	case opaque:
		return false
	case and, or:
		return n.left.sure(fields) && n.right.sure(fields)
	case not:
		return n.left.sure(fields)
	}
	*fields = append(*fields, n.field)
	return true
}

// keys returns comparisons of which one must be true for the part to be true.
func (n *node) keys() ([]key, bool) {
	switch n.op {
	case or:
		left, ok := n.left.keys()
		right, too := n.right.keys()
		return append(left, right...), ok && too
	case and:
		if left, ok := n.left.keys(); ok {
			return left, true
		}
		return n.right.keys()
	case among:
		var out []key
		for s := range n.set {
			out = append(out, key{n.field, equals, s})
		}
		return out, true
	case equals, contains, startsWith, endsWith:
		return []key{{n.field, n.op, n.text}}, n.whenAbsent != Yes
	}
	return nil, false
}

type builder struct {
	fields *Fields
	order  []int
	at     map[int]*lookup
}

func (b *builder) lookup(field int) *lookup {
	out := b.at[field]
	if out == nil {
		out = &lookup{field: field, searched: b.fields.list[field].searched, equal: map[string][]int32{}, at: map[string]int{}}
		b.at[field] = out
		b.order = append(b.order, field)
	}
	return out
}

func (b *builder) add(i int32, r requirement) {
	for _, field := range r.fields {
		l := b.lookup(field)
		l.wary = appendOnce(l.wary, i)
	}
	for _, k := range r.keys {
		l := b.lookup(k.field)
		switch k.op {
		case equals:
			l.equal[k.text] = appendOnce(l.equal[k.text], i)
		case startsWith:
			l.starts.add(k.text, i)
		case endsWith:
			l.ends.add(k.text, i)
		default:
			l.addWithin(k.text, i)
		}
	}
}

func (l *lookup) addWithin(s string, i int32) {
	at, ok := l.at[s]
	if !ok {
		at = len(l.within)
		l.at[s], l.within = at, append(l.within, part{text: s})
	}
	l.within[at].by = appendOnce(l.within[at].by, i)
}

func (a *affixes) add(s string, i int32) {
	if a.by == nil {
		a.by = map[string][]int32{}
	}
	if !slices.Contains(a.lengths, len(s)) {
		a.lengths = append(a.lengths, len(s))
	}
	a.by[s] = appendOnce(a.by[s], i)
}

// appendOnce appends i unless it is the last item already.
func appendOnce(list []int32, i int32) []int32 {
	if len(list) > 0 && list[len(list)-1] == i {
		return list
	}
	return append(list, i)
}

func (b *builder) finish() []lookup {
	out := make([]lookup, 0, len(b.order))
	for _, field := range b.order {
		l := b.at[field]
		if len(l.within) > fewLiterals {
			l.literals = newLiterals(l.within)
		}
		l.at = nil
		out = append(out, *l)
	}
	return out
}

// Candidates lists, in order, the conditions that the event may satisfy or that
// may fail. It reuses the memory of list.
func (x *Index) Candidates(v *Values, list []int32) []int32 {
	list = append(list[:0], x.always...)
	before := len(list)
	for i := range x.fields {
		list = x.fields[i].candidates(v, list)
	}
	if len(list) == before {
		return list
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (l *lookup) candidates(v *Values, list []int32) []int32 {
	x := v.at(l.field)
	switch {
	case x.state == odd || l.searched && x.state > text:
		return append(list, l.wary...)
	case x.state != text:
		return list
	}
	list = append(list, l.equal[x.text]...)
	for _, n := range l.starts.lengths {
		if n <= len(x.text) {
			list = append(list, l.starts.by[x.text[:n]]...)
		}
	}
	for _, n := range l.ends.lengths {
		if n <= len(x.text) {
			list = append(list, l.ends.by[x.text[len(x.text)-n:]]...)
		}
	}
	if l.literals != nil {
		for _, i := range l.literals.in(x.text, &v.hits, len(l.within)) {
			list = append(list, l.within[i].by...)
		}
		return list
	}
	for i := range l.within {
		if strings.Contains(x.text, l.within[i].text) {
			list = append(list, l.within[i].by...)
		}
	}
	return list
}
