package rules

// The value types that parameter structs are made of. A loader compiles the
// expressions inside them when the file is read; their zero value means "not
// given" and renders to nothing.

// Condition is a compiled expression that yields a bool.
type Condition struct{ Source string }

// Eval evaluates the condition.
func (c *Condition) Eval(s *Scope) (bool, error) { panic("rules: to be written") }

// Text is a string that may hold ${{ }}. How a value is made safe is decided
// by the destination, so Render takes the escaper.
type Text struct{ source string }

// Render puts values in place, each through escape (nil leaves them as they
// are). Literal parts are never escaped; raw() values pass by the escaper.
func (t Text) Render(s *Scope, escape func(string) string) (string, error) {
	panic("rules: to be written")
}

// IsZero reports whether the text was not given.
func (t Text) IsZero() bool { return t.source == "" }

// Literal returns the text and true when it holds no expression.
func (t Text) Literal() (string, bool) { panic("rules: to be written") }

// HTML is a piece of HTML that may hold ${{ }}; values are escaped by context:
// text, attribute, URL, script, style.
type HTML struct{ source string }

// Render puts values in place.
func (h HTML) Render(s *Scope) (string, error) { panic("rules: to be written") }

// IsZero reports whether it was not given.
func (h HTML) IsZero() bool { return h.source == "" }

// URL is an absolute URL, or a path below a connection's base URL. Values can
// fill path segments, query values and the fragment; scheme, host, port and
// user must be literal or come from vars and env alone (checked at load).
type URL struct{ source string }

// Render puts values in place: each value becomes one path segment's text or
// one query part's text, percent-encoded, and is never "." or "..".
func (u URL) Render(s *Scope) (string, error) { panic("rules: to be written") }

// IsZero reports whether it was not given.
func (u URL) IsZero() bool { return u.source == "" }

// Host returns the host that the URL names, empty for a bare path.
func (u URL) Host() string { panic("rules: to be written") }

// Value is any YAML value whose strings may hold ${{ }}: a tree for JSON.
// A string that is only ${{ x }} keeps the type of x.
type Value struct{ node any }

// Render returns the tree made of map[string]any, []any and scalars. escape,
// when not nil, is applied to values put inside strings and to strings that a
// lone ${{ x }} yields.
func (v Value) Render(s *Scope, escape func(string) string) (any, error) {
	panic("rules: to be written")
}

// IsZero reports whether it was not given.
func (v Value) IsZero() bool { return v.node == nil }

// Expr is a bare expression whose type the field's `type` tag names: time,
// duration, string, number, bool, any.
type Expr struct{ Source string }

// Eval evaluates the expression.
func (e Expr) Eval(s *Scope) (any, error) { panic("rules: to be written") }

// IsZero reports whether it was not given.
func (e Expr) IsZero() bool { return e.Source == "" }

// Secret is a string that prints as [redacted] everywhere. Its value is added
// to the set's Redactor at load.
type Secret struct{ value string }

// Reveal returns the value, for the one place that needs it.
func (s Secret) Reveal() string { return s.value }

// String hides the value.
func (s Secret) String() string { return "[redacted]" }

// IsZero reports whether it was not given.
func (s Secret) IsZero() bool { return s.value == "" }
