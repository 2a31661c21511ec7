package language

import (
	"reflect"

	"github.com/expr-lang/expr/checker/nature"

	"github.com/gavel-rules/gavel/rules/language/eval"
)

// Kind is the type of an expression's value, as messages name it.
type Kind string

const (
	KindAny      Kind = "any"
	KindNothing  Kind = "nothing"
	KindText     Kind = "text"
	KindNumber   Kind = "a number"
	KindBool     Kind = "true or false"
	KindTime     Kind = "a time"
	KindDuration Kind = "a duration"
	KindList     Kind = "a list"
	kindObject   Kind = "an object"
	kindRaw      Kind = "raw text"
)

func kindOf(n *nature.Nature, cache *nature.Cache) Kind {
	if n.Nil {
		return KindNothing
	}
	if n.IsUnknown(cache) {
		return KindAny
	}
	if n.Type == reflect.TypeFor[eval.RawText]() {
		return kindRaw
	}
	d := n.Deref(cache)
	switch {
	case d.IsTime():
		return KindTime
	case d.IsDuration():
		return KindDuration
	case d.IsNumber():
		return KindNumber
	case d.IsBool():
		return KindBool
	case d.IsString():
		return KindText
	case d.IsArray():
		return KindList
	}
	return kindObject
}
