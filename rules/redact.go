package rules

import (
	"encoding/json"
	"html"
	"net/url"
	"sort"
	"strings"

	"github.com/gavel-rules/gavel/event"
)

// Redacted stands where a secret stood.
const Redacted = event.Redacted

// shortestSecret is the length below which a value is too common to be looked
// for in other text ("on", "25").
const shortestSecret = 5

// Redactor takes known secret values out of text. The zero value knows none.
type Redactor struct {
	replacer *strings.Replacer
}

// NewRedactor returns a Redactor for the given values, also in the forms in
// which JSON and URLs write them.
func NewRedactor(values []string) *Redactor { return NewRedactorFrom(values, shortestSecret) }

// NewRedactorFrom is NewRedactor for values of at least so many bytes.
func NewRedactorFrom(values []string, shortest int) *Redactor {
	seen := map[string]bool{}
	for _, v := range values {
		if len(v) < shortest {
			continue
		}
		for _, form := range encodedForms(v) {
			seen[form] = true
		}
	}
	if len(seen) == 0 {
		return &Redactor{}
	}
	forms := make([]string, 0, len(seen))
	for form := range seen {
		forms = append(forms, form)
	}
	// Longest first, so that a secret that holds another is taken out whole.
	sort.Slice(forms, func(i, j int) bool {
		if len(forms[i]) != len(forms[j]) {
			return len(forms[i]) > len(forms[j])
		}
		return forms[i] < forms[j]
	})
	pairs := make([]string, 0, 2*len(forms))
	for _, form := range forms {
		pairs = append(pairs, form, Redacted)
	}
	return &Redactor{replacer: strings.NewReplacer(pairs...)}
}

// Redact returns s without the secrets.
func (r *Redactor) Redact(s string) string {
	if r == nil || r.replacer == nil {
		return s
	}
	return r.replacer.Replace(s)
}

func encodedForms(v string) []string {
	quoted, err := json.Marshal(v)
	if err != nil {
		return []string{v}
	}
	// Other programs do not write & < > as JSON does here.
	plain := strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace(string(quoted))
	return []string{
		v, strings.Trim(string(quoted), `"`), strings.Trim(plain, `"`), url.QueryEscape(v), url.PathEscape(v), html.EscapeString(v),
	}
}

// longestWord is how long a part of a plain setting may be; keys and tokens
// have longer ones.
const longestWord = 20

// plainSetting tells a host, port, URL, user name or other everyday value from
// a key. Only such values of the environment stay readable in messages, and
// only where they fill a setting that is not meant for secrets.
func plainSetting(value string) bool {
	rest := value
	for _, scheme := range []string{"https://", "http://"} {
		rest = strings.TrimPrefix(rest, scheme)
	}
	if strings.Contains(rest, "@") && rest != value {
		return false // a URL with a user, and so perhaps a password
	}
	parts := strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune(".:/@-_[]", r) })
	for _, part := range parts {
		if len(part) > longestWord {
			return false
		}
	}
	return true
}

// plainAddress tells a web address that holds no key: it stays readable
// wherever it is used, because people need to see where something went.
func plainAddress(value string) bool {
	web := strings.HasPrefix(value, "https://") || strings.HasPrefix(value, "http://")
	return web && plainSetting(value)
}
