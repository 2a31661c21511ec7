package values

import (
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
)

// Kind returns the type of the value, as it is known at load. A duration is
// text, because that is how it is written.
func (v Value) Kind() language.Kind {
	switch x := v.node.(type) {
	case lone:
		return plainKind(x.prog.Kind, len(x.prog.Raws) > 0)
	case branch:
		return language.KindObject
	case sequence:
		return language.KindList
	case Text:
		return language.KindText
	case nil, null:
		return language.KindNothing
	}
	return language.KindOfValue(v.node)
}

func plainKind(k language.Kind, raw bool) language.Kind {
	if raw || k == language.KindDuration {
		return language.KindText
	}
	return k
}

// RenderKind is Render with the type that the value has for this event.
func (v Value) RenderKind(s *language.Scope) (any, language.Kind, error) {
	out, err := v.Render(s, nil)
	if err != nil {
		return nil, "", err
	}
	kind := language.KindOfValue(out)
	if x, ok := v.node.(lone); ok && x.prog.Kind == language.KindTime && kind == language.KindText {
		return out, language.KindTime, nil
	}
	if _, ok := out.(event.Number); ok {
		kind = language.KindNumber
	}
	return out, kind, nil
}

// Unknown returns what a preview needs for the value and does not know, or nil.
func (v Value) Unknown(s *language.Scope) *language.UnknownError { return unknownIn(v.node, s) }

func unknownIn(node any, s *language.Scope) *language.UnknownError {
	switch x := node.(type) {
	case lone:
		return x.prog.Unknown(s)
	case Text:
		for _, p := range x.parts {
			if p.prog != nil {
				if missing := p.prog.Unknown(s); missing != nil {
					return missing
				}
			}
		}
	case branch:
		for _, item := range x {
			if missing := unknownIn(item, s); missing != nil {
				return missing
			}
		}
	case sequence:
		for _, item := range x {
			if missing := unknownIn(item, s); missing != nil {
				return missing
			}
		}
	}
	return nil
}

// Members returns the members of a mapping; ok is false for anything else.
func (v Value) Members() (members map[string]Value, ok bool) {
	x, ok := v.node.(branch)
	if !ok {
		return nil, false
	}
	members = make(map[string]Value, len(x))
	for name, item := range x {
		members[name] = Value{item}
	}
	return members, true
}
