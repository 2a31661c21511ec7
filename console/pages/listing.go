package pages

import (
	"net/url"
	"slices"
	"strings"
)

// span is a choice of how far back to look.
type span struct{ Value, Words string }

func spans() []span {
	return []span{{"1h", "last hour"}, {"24h", "last 24 hours"}, {"7d", "last 7 days"}, {"30d", "last 30 days"}}
}

// filled removes empty form values, so that addresses stay short.
func filled(values url.Values) url.Values {
	out := url.Values{}
	for name, v := range values {
		if len(v) > 0 && strings.TrimSpace(v[0]) != "" {
			out.Set(name, v[0])
		}
	}
	return out
}

func without(values url.Values, names ...string) url.Values {
	out := url.Values{}
	for name := range values {
		if !slices.Contains(names, name) {
			out.Set(name, values.Get(name))
		}
	}
	return out
}

// following returns the address of the next page of a list; empty at the end.
func following(path string, values url.Values, next string) string {
	if next == "" {
		return ""
	}
	v := without(values, "done")
	v.Set("cursor", next)
	return path + "?" + v.Encode()
}

// with adds the requested value if it is not among the choices.
func with(list []span, value string) []span {
	if value == "" || slices.ContainsFunc(list, func(s span) bool { return s.Value == value }) {
		return list
	}
	return append(list, span{value, value})
}
