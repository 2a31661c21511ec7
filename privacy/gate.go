package privacy

import (
	"slices"
	"strings"
)

// Gate removes secrets from what people see. A nil Gate hides nothing. It is
// safe for concurrent use.
type Gate struct {
	finder *finder
	all    bool // hide everything
	behind *Gate
}

// HideAll returns the gate that hides everything.
func HideAll() *Gate { return &Gate{all: true} }

// And returns a gate that hides what either of the two hides.
func (g *Gate) And(other *Gate) *Gate {
	switch {
	case g == nil:
		return other
	case other == nil:
		return g
	}
	both := *g
	both.behind = g.behind.And(other)
	return &both
}

// Text returns a text without the secrets.
func (g *Gate) Text(s string) string {
	if g == nil || s == "" {
		return s
	}
	if g.all {
		return Redacted
	}
	return g.behind.Text(g.text(s))
}

func (g *Gate) text(s string) string {
	spans := (&seeker{finder: g.finder}).spans(s)
	if len(spans) == 0 {
		return s
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	var out strings.Builder
	end := 0
	for i, x := range spans {
		if x.to <= end && i > 0 {
			continue
		}
		if i == 0 || x.from >= end {
			out.WriteString(s[end:x.from])
			out.WriteString(Redacted)
		}
		end = x.to
	}
	out.WriteString(s[end:])
	return out.String()
}
