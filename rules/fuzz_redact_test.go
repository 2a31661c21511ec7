package rules

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// FuzzRedact writes a secret in the ways that replies do, and looks for it.
func FuzzRedact(f *testing.F) {
	for _, s := range []string{"secret", "a&b<c>\"d\"", "pässwörd", "with space", "back\\slash", "per%cent+plus"} {
		f.Add(s, "before", "after")
	}
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		if len(secret) < shortestSecret || strings.Contains(Redacted, secret) || strings.Contains(secret, Redacted) {
			return
		}
		r := NewRedactor([]string{secret})
		raw, err := json.Marshal(secret)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{secret, strings.Trim(string(raw), `"`), url.QueryEscape(secret), url.PathEscape(secret)} {
			// Text around the secret can hold the beginning of another one.
			if got := r.Redact(form); strings.Contains(got, secret) || !strings.Contains(got, Redacted) {
				t.Fatalf("%q in the form %q became %q", secret, form, got)
			}
			_ = r.Redact(before + form + after)
		}
	})
}
