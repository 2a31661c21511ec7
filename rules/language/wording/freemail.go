package wording

import (
	_ "embed"
	"strings"
)

// freemail lists domains of mail providers that anybody gets an address from.
// In name.*, * is any ending, such as de or co.uk.
//
//go:embed freemail.txt
var freemail string

// free is never changed.
var free = func() map[string]bool {
	out := map[string]bool{}
	for word := range strings.FieldsSeq(freemail) {
		out[word] = true
	}
	return out
}()

// IsFreeMail reports whether a domain, in lower case, is one of a mail provider
// for everybody.
func IsFreeMail(domain string) bool {
	if free[domain] {
		return true
	}
	name, ending, ok := strings.Cut(domain, ".")
	if !ok || !free[name+".*"] {
		return false
	}
	// co.uk and com.br, but not mail.gmx.evil.example.
	first, second, deep := strings.Cut(ending, ".")
	return !deep && len(ending) <= 3 || deep && len(second) == 2 && (first == "co" || first == "com")
}
