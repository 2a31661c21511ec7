// Package sieve decides conditions without running them, as far as they compare
// event fields with literals, and finds which of many conditions an event can
// satisfy.
//
//	condition ──► Fields.Read ──► Condition ──► Index.Candidates(event)
//	 compiled                       Decide: Yes, No, or Unknown: run it
//
// A verdict other than Unknown is what running the condition would return, and
// running it would not fail: b does not decide "a and b" if a could fail.
package sieve

import (
	"cmp"
	"reflect"
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules/language/eval"
)

// Fields are the event fields that the conditions of one rule set compare. All
// conditions must be read before the first Values is used.
type Fields struct {
	list   []field
	byName map[string]int
}

// NewFields returns an empty list.
func NewFields() *Fields { return &Fields{byName: map[string]int{}} }

// field is one part of an event.
type field struct {
	root  string
	index []int    // from the root, through structs
	keys  []string // from there, through objects
	kind  reflect.Kind
	// searched means that a condition searches for a text in it, which fails for
	// a number.
	searched bool
}

// state is what is known about a field of one event.
type state uint8

const (
	unread state = iota
	absent       // missing or null
	text
	yes
	no
	number
	odd // a list, an object, or unreachable
)

// typed reports whether the field always has the same type: if absent, it is an
// empty text or false.
func (f *field) typed() bool { return f.kind != reflect.Interface }

// add returns the index of a field; -1 if it is neither a text, a boolean nor of
// unknown type.
func (f *Fields) add(root string, names []string) int {
	name := root + "\x00" + strings.Join(names, "\x00")
	if at, ok := f.byName[name]; ok {
		return at
	}
	at := -1
	if found, ok := fieldOf(root, names); ok {
		at = len(f.list)
		f.list = append(f.list, found)
	}
	f.byName[name] = at
	return at
}

func fieldOf(root string, names []string) (field, bool) {
	out := field{root: root}
	var t reflect.Type
	switch root {
	case eval.WordEvent:
		t = reflect.TypeFor[event.Envelope]()
	case eval.WordMeeting:
		t = reflect.TypeFor[event.Meeting]()
	case eval.WordChange:
		t = reflect.TypeFor[event.Change]()
	case eval.WordOwn:
		t = reflect.TypeFor[own.Facts]()
	case eval.WordTest:
		t = reflect.TypeFor[event.Test]()
	case eval.WordData:
		out.kind, out.keys = reflect.Interface, names
		return out, true
	case eval.MeetingGivenWord, eval.ChangeGivenWord:
		out.kind = reflect.Bool
		return out, len(names) == 0
	default:
		return out, false
	}
	for len(names) > 0 && t.Kind() == reflect.Struct {
		found, ok := tagged(t, names[0])
		if !ok {
			return out, false
		}
		out.index = append(out.index, found.Index...)
		t, names = found.Type, names[1:]
	}
	if len(names) > 0 {
		if t != reflect.TypeFor[map[string]any]() && t.Kind() != reflect.Interface {
			return out, false
		}
		out.keys, t = names, reflect.TypeFor[any]()
	}
	out.kind = t.Kind()
	switch out.kind {
	case reflect.String, reflect.Bool, reflect.Interface:
		return out, true
	}
	return out, false
}

// tagged finds a struct field by its name in rules.
func tagged(t reflect.Type, name string) (reflect.StructField, bool) {
	for i := range t.NumField() {
		if f := t.Field(i); f.Tag.Get("expr") == name {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// Values are the fields of one event, each read on first use.
type Values struct {
	fields *Fields
	ev     *event.Event
	list   []value
	hits   hits
}

type value struct {
	state state
	text  string
}

// Reset sets the event. After another event, call Forget first.
func (v *Values) Reset(f *Fields, ev *event.Event) {
	v.fields, v.ev = f, ev
	if len(v.list) != len(f.list) {
		v.list = make([]value, len(f.list))
	}
}

// Forget drops the event and its values.
func (v *Values) Forget() {
	v.ev = nil
	clear(v.list)
}

func (v *Values) at(field int) *value {
	out := &v.list[field]
	if out.state == unread {
		*out = v.fields.list[field].read(v.ev)
	}
	return out
}

func (f *field) read(ev *event.Event) value {
	var from any
	switch f.root {
	case eval.WordEvent:
		from = &ev.Envelope
	case eval.WordMeeting:
		from = ev.Meeting
	case eval.WordChange:
		from = ev.Change
	case eval.WordTest:
		from = ev.Test
	case eval.WordOwn:
		from = cmp.Or(ev.Own, own.None())
	case eval.WordData:
		return plain(ev.Data(), f.keys)
	case eval.MeetingGivenWord:
		return truth(eval.IsGiven(ev.Meeting))
	case eval.ChangeGivenWord:
		return truth(!eval.IsAbsent(ev.Change))
	}
	r := reflect.ValueOf(from)
	if r.IsNil() {
		return value{state: odd}
	}
	r = r.Elem().FieldByIndex(f.index)
	switch f.kind {
	case reflect.String:
		return value{state: text, text: r.String()}
	case reflect.Bool:
		return truth(r.Bool())
	}
	return plain(r.Interface(), f.keys)
}

// plain follows keys into a JSON value.
func plain(v any, keys []string) value {
	for _, key := range keys {
		if v == nil {
			return value{state: absent}
		}
		object, ok := v.(map[string]any)
		if !ok {
			return value{state: odd}
		}
		v = object[key]
	}
	switch x := v.(type) {
	case nil:
		return value{state: absent}
	case string:
		return value{state: text, text: x}
	case bool:
		return truth(x)
	case int, float64, event.Number:
		return value{state: number}
	}
	return value{state: odd}
}

func truth(b bool) value {
	if b {
		return value{state: yes}
	}
	return value{state: no}
}
