package values

import (
	"fmt"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"reflect"
)

// RenderAll is like Render for a parameter that takes several texts: if t is
// only ${{ x }} and x is a list, it returns its items. They may contain control
// characters.
func (t Text) RenderAll(s *language.Scope, escape func(string) string) ([]string, error) {
	if len(t.parts) != 1 || t.parts[0].prog == nil || t.parts[0].prog.Unknown(s) != nil {
		one, err := t.Render(s, escape)
		return []string{one}, err
	}
	v, err := t.parts[0].prog.Run(s)
	if err != nil {
		return nil, err
	}
	if err := t.parts[0].prog.Present(v, language.KindText); err != nil {
		return nil, err
	}
	list := reflect.ValueOf(v)
	if list.Kind() != reflect.Slice {
		return []string{displayed(v, escape)}, nil
	}
	out := make([]string, list.Len())
	for i := range out {
		out[i] = displayed(list.Index(i).Interface(), escape)
	}
	return out, nil
}

func displayed(v any, escape func(string) string) string {
	out := eval.Display(v)
	if _, raw := v.(eval.RawText); !raw && escape != nil {
		out = escape(out)
	}
	return out
}

// oneAddress reports lists where one address is expected. In a list of
// addresses, an item that is only ${{ x }} may be a list.
func (d *Reader) oneAddress(t Text, many bool) {
	for _, p := range t.parts {
		if p.prog == nil || !p.prog.IsList() || many && len(t.parts) == 1 {
			continue
		}
		hint := fmt.Sprintf("take one item of it, as in %s[0]", p.prog.Source)
		if many {
			hint = fmt.Sprintf("write ${{ %s }} alone, without text around it", p.prog.Source)
		}
		d.Out.Add(d.findingAt(p.prog.Pos, len(p.prog.Source), "is a list, but one address is expected", hint))
	}
}
