package values

import "strings"

// Skeleton is the text as the author wrote it, with a stand-in for each value
// that is inserted; raw() values, for which the author answers, are left
// out. A kind looks at it to see where values will stand.
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

// Skeleton is that of a value that is one text; ok is false for any other,
// also for a lone ${{ x }}, which can be anything.
func (v Value) Skeleton(value string) (skeleton string, ok bool) {
	switch x := v.node.(type) {
	case string:
		return x, true
	case Text:
		return x.Skeleton(value), true
	}
	return "", false
}
