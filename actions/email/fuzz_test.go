package email

import (
	"net/mail"
	"strings"
	"testing"
	"unicode"
)

// FuzzAddress looks for texts that become more than one mailbox, or that break
// out of the line they are written on.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{
		"ada@acme.example", "Ada <ada@acme.example>", "a@acme.example, b@evil.example", `"a b"@acme.example`, "a@[127.0.0.1]", "a@xn--80ak6aa92e.example",
		"=?utf-8?q?=0ABcc?= <a@acme.example>", "group: a@acme.example;", "a@acme.example\r\nBcc: b@evil.example", "ü@bücher.example", `"x\" <y@evil.example>"@acme.example`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, text := range []string{s, quoteName(s) + " <guest@globex.example>", quoted(s) + " <guest@globex.example>"} {
			a, err := parseAddress(text)
			if err != nil {
				continue
			}
			for _, written := range []string{a.header().String(), a.envelope()} {
				if strings.ContainsFunc(written, unicode.IsControl) {
					t.Fatalf("%q is written as %q", text, written)
				}
				list, err := mail.ParseAddressList(written)
				if err != nil || len(list) != 1 || list[0].Address != a.addr {
					t.Fatalf("%q is written as %q, which is read as %v (%v)", text, written, list, err)
				}
			}
			if text != s && a.addr != "guest@globex.example" {
				t.Fatalf("%q leads to %s", text, a.addr)
			}
		}
	})
}
