package eval

import (
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/expr-lang/expr/vm/runtime"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/text"
)

// fetchValue returns a field of an object or an item of a list. The fields of a
// missing object are missing.
func fetchValue(args ...any) (out any, err error) {
	o, _ := args[0].(*Operand)
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

// getOf is a field or an item as fetchValue finds it, or nothing. A name is no
// place in text: a reply that should have been an object is an error.
func getOf(operands []Operand, args ...any) (any, error) {
	o := &Operand{}
	if len(operands) > 0 {
		o = &operands[0]
	}
	out, err := fetchValue(o, args[0], args[1])
	if err == nil {
		return out, nil
	}
	_, isText := args[0].(string)
	if _, named := args[1].(string); isText && named {
		return nil, err
	}
	return nil, nil
}

func characterAt(o *Operand, s string, i int) (any, error) {
	r := []rune(s)
	at := i
	if at < 0 {
		at += len(r)
	}
	if at < 0 || at >= len(r) {
		return nil, o.noField(s, i)
	}
	return string(r[at]), nil
}

// noField is the error for a missing field or item.
func (o *Operand) noField(from, key any) error {
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

// sliceValue returns part of a list, or of text by characters.
func sliceValue(args ...any) (any, error) {
	o, _ := args[0].(*Operand)
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
		return nil, fmt.Errorf("[a:b] needs text or a list, but %s", o.subject(args[1]))
	}
	a, b := within(from, to, r.Len())
	return r.Slice(a, b).Interface(), nil
}

// bound reads one side of [a:b]; nil if it is left out.
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

// within converts bounds, which may be negative or nil, to indexes.
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
