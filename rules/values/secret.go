package values

import (
	"log/slog"

	"github.com/gavel-rules/gavel/privacy"
)

// Secret is a string that prints as [redacted] everywhere. Its value is added
// to the set's Gate at load.
type Secret struct{ value string }

// NewSecret hides a value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value.
func (s Secret) Reveal() string { return s.value }

// String hides the value.
func (s Secret) String() string { return privacy.Redacted }

// GoString hides the value from %#v.
func (s Secret) GoString() string { return privacy.Redacted }

// MarshalText hides the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(privacy.Redacted), nil }

// LogValue hides the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(privacy.Redacted) }

// IsZero reports whether it is not set.
func (s Secret) IsZero() bool { return s.value == "" }
