package rules

import "log/slog"

// Secret is a string that prints as [redacted] everywhere. Its value is added
// to the set's Redactor at load.
type Secret struct{ value string }

// NewSecret hides a value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value, for the one place that needs it.
func (s Secret) Reveal() string { return s.value }

// String hides the value.
func (s Secret) String() string { return Redacted }

// GoString hides the value from %#v.
func (s Secret) GoString() string { return Redacted }

// MarshalText hides the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// LogValue hides the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(Redacted) }

// IsZero reports whether it was not given.
func (s Secret) IsZero() bool { return s.value == "" }
