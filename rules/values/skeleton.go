package values

import "strings"

// Skeleton returns the text with value in place of each inserted value, and
// without raw() values. A kind uses it to see where values are inserted.
func (t Text) Skeleton(value string) string {
	var b strings.Builder
	for _, p := range t.parts {
		switch {
		case p.prog == nil:
			b.WriteString(p.literal)
		case len(p.prog.Raws) == 0:
			b.WriteString(value)
		}
	}
	return b.String()
}

// Skeleton returns the skeleton of a value that is one text. ok is false for
// all others, including a lone ${{ x }}, which can be of any type.
func (v Value) Skeleton(value string) (skeleton string, ok bool) {
	switch x := v.node.(type) {
	case string:
		return x, true
	case Text:
		return x.Skeleton(value), true
	}
	return "", false
}
