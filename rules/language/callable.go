package language

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/vm/runtime"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/text"
)

// caller is a function that knows how its arguments are named in the source.
type caller func(named []operand, args ...any) (any, error)

// callable is a function of an expression.
type callable struct {
	name string
	call caller
	// needs says in words what it takes.
	needs string
	// always says that it takes the place of the library's even for arguments of
	// known types, numeric that its result is a number of a kind that depends
	// on them.
	always, numeric bool
	// plain says that it never fails, and needs no names for that.
	plain bool
	// moment says that its first argument is a time, which must be there.
	moment bool
}

// namedCall is a callable in one place of an expression.
type namedCall struct {
	f     *callable
	named []operand
}

func (f *callable) about(args []ast.Node, _ *nature.Cache) *namedCall {
	out := &namedCall{f: f, named: make([]operand, len(args))}
	for i, a := range args {
		out.named[i] = operandOf(a)
	}
	return out
}

func (f *callable) named(one operand) *namedCall { return &namedCall{f: f, named: []operand{one}} }

// useOf is what becomes of argument i.
func (f *callable) useOf(i int) use {
	switch f.name {
	case "default":
		if i == 0 {
			return useAsked
		}
		return useAny
	case "json", "toJSON", "type":
		return useAny
	}
	return useStrict
}

// callNamed calls a function and words its errors.
func callNamed(args ...any) (out any, err error) {
	c, _ := args[0].(*namedCall)
	args = args[1:]
	defer func() {
		if recover() != nil {
			out, err = nil, c.wrong(args)
		}
	}()
	if c.f.moment && (isNothing(args[0]) || args[0] == "") {
		if c.named[0].before && (c.f.name == "format" || c.f.name == "weekday") {
			return "", nil
		}
		return nil, c.named[0].absent()
	}
	out, err = c.f.call(c.named, args...)
	if errors.Is(err, errWrongArguments) {
		return nil, c.wrong(args)
	}
	return out, err
}

// wrong words that a function cannot do anything with its arguments.
func (c *namedCall) wrong(args []any) error {
	given := make([]string, len(args))
	for i, v := range args {
		given[i] = c.named[min(i, len(c.named)-1)].subject(v)
	}
	needs := c.f.needs
	if needs == "" {
		needs = "a number, or a list of numbers"
		switch c.f.name {
		case "uniq", "sort":
			needs = "a list"
		case "len":
			needs = "a text, a list or an object"
		case "toJSON":
			needs = "a value that JSON can hold"
		}
	}
	return fmt.Errorf("%s() needs %s, but %s", c.f.name, needs, strings.Join(given, ", and "))
}

// functionCall returns what calls a function that the expression library does
// not have: one of list, or one that bounds another; nil if there is none of
// the name.
func functionCall(name string, list []Function, c *conf.Config) *callable {
	if isGuard(name) {
		return nil
	}
	for i := range list {
		f := &list[i]
		if f.Name != name {
			continue
		}
		moment := f.zone > 0
		return &callable{
			name: name, plain: f.bound != "" || name == "default" || name == "json" || name == "raw", moment: moment,
			needs: "other values, as in " + f.Signature,
			call:  func(_ []operand, args ...any) (any, error) { return f.call(args...) },
		}
	}
	if f, ok := c.Functions[name]; ok {
		return &callable{
			name: name, needs: boundedNeeds(name),
			call: func(_ []operand, args ...any) (any, error) { return bounded(f, args) },
		}
	}
	return nil
}

func boundedNeeds(name string) string {
	if name == "join" {
		return "a list of texts, and a text to put between them"
	}
	return "a text, the part to replace, and the text to put in its place"
}

// bounded calls replace or join. What is missing is empty, and numbers can be
// joined.
func bounded(f *builtin.Function, args []any) (any, error) {
	ready := make([]any, len(args))
	for i, v := range args {
		ready[i] = v
		switch {
		case v == nil && f.Name == "join" && i == 0:
			ready[i] = []any{}
		case v == nil:
			ready[i] = ""
		case f.Name == "join" && i == 0:
			ready[i] = textItems(v)
		}
	}
	out, err := f.Func(ready...)
	if err != nil && !errors.Is(err, errTooMuch) {
		return nil, errWrongArguments
	}
	return out, err
}

// textItems writes the numbers and truth values in a list as text.
func textItems(v any) any {
	r := reflect.ValueOf(v)
	if _, texts := v.([]string); texts || r.Kind() != reflect.Slice && r.Kind() != reflect.Array {
		return v
	}
	out := make([]any, r.Len())
	for i := range out {
		item := r.Index(i).Interface()
		if _, truth := item.(bool); item == nil || truth || isNumber(plainNumber(item)) {
			item = Display(item)
		}
		out[i] = item
	}
	return out
}

func zero() *big.Int { return new(big.Int) }

// question asks whether a value is absent, or there.
type question struct{ there, typed bool }

func askAbsent(args ...any) (any, error) {
	q, _ := args[0].(*question)
	if q.typed {
		return isAbsent(args[1]) != q.there, nil
	}
	return isNothing(args[1]) != q.there, nil
}

func presentValue(args ...any) (any, error) {
	if n, ok := args[1].(int); ok && n == 0 || isNothing(args[1]) {
		o, _ := args[0].(*operand)
		return nil, o.absent()
	}
	return args[1], nil
}

func maybeValue(args ...any) (any, error) {
	if n, ok := args[1].(int); ok && n == 0 || isAbsent(args[1]) {
		return nil, nil
	}
	return args[1], nil
}

func truthValue(args ...any) (any, error) {
	switch x := args[1].(type) {
	case nil:
		return false, nil
	case bool:
		return x, nil
	}
	o, _ := args[0].(*operand)
	return nil, fmt.Errorf("true or false is needed, but %s; compare it with something", o.subject(args[1]))
}

func listValue(args ...any) (any, error) {
	switch x := args[1].(type) {
	case nil:
		return []any{}, nil
	case []any:
		return x, nil
	}
	r := reflect.Indirect(reflect.ValueOf(args[1]))
	if r.Kind() == reflect.Slice || r.Kind() == reflect.Array {
		return r.Interface(), nil
	}
	o, _ := args[0].(*operand)
	return nil, fmt.Errorf("a list is needed, but %s", o.subject(args[1]))
}

// textValue refuses what matches cannot look into.
func textValue(args ...any) (any, error) {
	if _, ok := args[1].(string); ok || args[1] == nil {
		return args[1], nil
	}
	o, _ := args[0].(*operand)
	return nil, fmt.Errorf("matches needs a text on both sides, but %s; write string(…) around it", o.subject(args[1]))
}

// sortKey makes numbers comparable for sortBy.
func sortKey(args ...any) (any, error) {
	o, _ := args[0].(*operand)
	switch x := plainNumber(args[1]).(type) {
	case nil:
		return nil, o.absent()
	case event.Number:
		d, ok := decimalOf(x)
		if !ok {
			return nil, errNumberTooLarge
		}
		return d.float()
	case int, float64, string, bool:
		return x, nil
	}
	if isTime(args[1]) {
		return args[1], nil
	}
	return nil, fmt.Errorf("sortBy() needs a number, a text or a time for each item, but %s", o.subject(args[1]))
}

func groupKey(args ...any) (any, error) {
	switch x := plainNumber(args[1]).(type) {
	case nil, int, float64, string, bool, event.Number:
		return x, nil
	}
	if r := reflect.ValueOf(args[1]); r.Comparable() {
		return args[1], nil
	}
	o, _ := args[0].(*operand)
	return nil, fmt.Errorf("groupBy() needs a text, a number or a truth value for each item, but %s", o.subject(args[1]))
}

// fetchValue is a field of an object or an item of a list. A missing object has
// missing fields, all the way down.
func fetchValue(args ...any) (out any, err error) {
	o, _ := args[0].(*operand)
	from, key := args[1], plainNumber(args[2])
	if n, ok := key.(event.Number); ok {
		key = n.String()
	}
	if f, ok := key.(float64); ok && f == float64(int(f)) {
		key = int(f)
	}
	defer func() {
		if recover() != nil {
			out, err = nil, o.noField(from, key)
		}
	}()
	switch x := from.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		if name, ok := key.(string); ok {
			return x[name], nil
		}
	case string:
		i, ok := key.(int)
		if !ok {
			return nil, o.noField(from, key)
		}
		return characterAt(o, x, i)
	case []any:
		i, ok := key.(int)
		if !ok {
			return nil, o.noField(from, key)
		}
		if i < 0 {
			i += len(x)
		}
		if i < 0 || i >= len(x) {
			return nil, o.noField(from, key)
		}
		return x[i], nil
	}
	return runtime.Fetch(from, key), nil
}

func characterAt(o *operand, s string, i int) (any, error) {
	r := []rune(s)
	if i < 0 {
		i += len(r)
	}
	if i < 0 || i >= len(r) {
		return nil, o.noField(s, i)
	}
	return string(r[i]), nil
}

// noField words that a value has no such field or item.
func (o *operand) noField(from, key any) error {
	subject := o.subject(from)
	if i, ok := key.(int); ok {
		r := reflect.Indirect(reflect.ValueOf(from))
		switch r.Kind() {
		case reflect.Slice, reflect.Array:
			name := o.path
			if name == "" {
				name = "the list"
			}
			return fmt.Errorf("%s has no item %d: it has %s, counted from 0", name, i, countOf(r.Len(), "item"))
		case reflect.String:
			return fmt.Errorf("%s has no character %d: it has %s, counted from 0", orValue(o.path), i, countOf(utf8.RuneCountInString(r.String()), "character"))
		}
		return fmt.Errorf("%s, which has no items", subject)
	}
	return fmt.Errorf("%s, which has no field %s", subject, text.Clip(Display(key), 40))
}

func countOf(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// sliceValue cuts a text by characters, or a list.
func sliceValue(args ...any) (any, error) {
	o, _ := args[0].(*operand)
	from, okFrom := bound(args[2])
	to, okTo := bound(args[3])
	if !okFrom || !okTo {
		return nil, errors.New("[a:b] needs whole numbers")
	}
	switch x := args[1].(type) {
	case nil:
		return nil, nil
	case string:
		return cutText(x, from, to), nil
	}
	r := reflect.Indirect(reflect.ValueOf(args[1]))
	if r.Kind() != reflect.Slice {
		return nil, fmt.Errorf("[a:b] needs a text or a list, but %s", o.subject(args[1]))
	}
	a, b := within(from, to, r.Len())
	return r.Slice(a, b).Interface(), nil
}

// bound reads one side of [a:b]; nil for one that is left out.
func bound(v any) (*int, bool) {
	v = plainNumber(v)
	if f, ok := v.(float64); ok && f == float64(int(f)) {
		v = int(f)
	}
	i, ok := v.(int)
	if !ok {
		return nil, v == nil
	}
	return &i, true
}

// within turns bounds that may be negative or left out into indexes.
func within(from, to *int, length int) (a, b int) {
	at := func(p *int, other int) int {
		if p == nil {
			return other
		}
		if *p < 0 {
			return max(0, length+*p)
		}
		return min(*p, length)
	}
	a, b = at(from, 0), at(to, length)
	return min(a, b), b
}

func cutText(s string, from, to *int) string {
	a, b := within(from, to, utf8.RuneCountInString(s))
	start := ByteOffset(s, a)
	return s[start : start+ByteOffset(s[start:], b-a)]
}

// meanings adds the functions that the rewriter puts in place.
func meanings(c *conf.Config) {
	add := func(name string, call func(...any) (any, error), sample any) {
		c.Functions[name] = &builtin.Function{Name: name, Types: typesOf(sample), Func: call}
	}
	one, two := func(any, any) any { return nil }, func(any, any, any) any { return nil }
	add(operateWord, operate, two)
	add(negateWord, negate, one)
	add(presentWord, presentValue, one)
	add(absentWord, askAbsent, func(any, any) bool { return false })
	add(maybeWord, maybeValue, one)
	add(truthWord, truthValue, func(any, any) bool { return false })
	add(listWord, listValue, one)
	add(textWord, textValue, one)
	add(fetchWord, fetchValue, two)
	add(sliceWord, sliceValue, func(any, any, any, any) any { return nil })
	add(calleeWord, callNamed, func(any, ...any) any { return nil })
	add(sortKeyWord, sortKey, one)
	add(groupKeyWord, groupKey, one)
}

func isMeaning(name string) bool {
	switch name {
	case operateWord, negateWord, presentWord, absentWord, maybeWord, truthWord, listWord, textWord, fetchWord, sliceWord,
		calleeWord, sortKeyWord, groupKeyWord:
		return true
	}
	return false
}

func boolType() reflect.Type    { return reflect.TypeFor[bool]() }
func anyListType() reflect.Type { return reflect.TypeFor[[]any]() }
