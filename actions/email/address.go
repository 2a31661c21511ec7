package email

import (
	"fmt"
	"net/mail"
	"strings"

	"golang.org/x/net/idna"

	"github.com/gavel-rules/gavel/actions/outbound"
)

// address is one mailbox. Its domain is in ASCII (punycode), as servers expect.
type address struct {
	name string
	addr string
}

// parseAddress reads exactly one address, with or without a display name.
func parseAddress(s string) (*address, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return nil, fmt.Errorf("%q contains a control character such as a line break", shown(s))
	}
	a, err := mail.ParseAddress(s)
	if err != nil {
		if list, listErr := mail.ParseAddressList(s); listErr == nil && len(list) > 1 {
			return nil, fmt.Errorf("%q contains %d addresses; expected one", shown(s), len(list))
		}
		return nil, fmt.Errorf("%q is not an email address", shown(s))
	}
	if outbound.Line(a.Address) != a.Address {
		return nil, fmt.Errorf("%q contains an invisible or control character", shown(s))
	}
	at := strings.LastIndexByte(a.Address, '@')
	local, domain := a.Address[:at], a.Address[at+1:]
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		domain = ascii
	} else if !strings.HasPrefix(domain, "[") {
		return nil, fmt.Errorf("%q is not an email address: its domain is not valid", shown(s))
	}
	if len(local) > 64 || len(a.Address) > 254 {
		return nil, fmt.Errorf("%q is longer than an email address can be", shown(s))
	}
	// The converted address must still parse as this one mailbox.
	if again, err := mail.ParseAddress((&mail.Address{Address: local + "@" + domain}).String()); err != nil || again.Address != local+"@"+domain {
		return nil, fmt.Errorf("%q is not an email address: its domain is not valid", shown(s))
	}
	return &address{name: encodable(short(headerText(a.Name), longestName)), addr: local + "@" + domain}, nil
}

// encodable replaces a backslash by a look-alike in a name that will be
// encoded: net/mail does not encode it, and other programs cannot read that.
func encodable(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return r > 0x7e }) {
		return strings.ReplaceAll(name, `\`, "＼")
	}
	return name
}

func shown(s string) string { return outbound.Excerpt([]byte(s), nil) }

// header returns the address for a header.
func (a *address) header() *mail.Address { return &mail.Address{Name: a.name, Address: a.addr} }

// envelope returns the address for MAIL FROM and RCPT TO.
func (a *address) envelope() string { return (&mail.Address{Address: a.addr}).String() }

// String returns the address as people write it.
func (a *address) String() string {
	if a.name == "" {
		return a.addr
	}
	return a.name + " <" + a.addr + ">"
}

func (a *address) domain() string { return a.addr[strings.LastIndexByte(a.addr, '@')+1:] }

// plain reports whether the address is ASCII, so that the server does not need
// SMTPUTF8.
func (a *address) plain() bool {
	return !strings.ContainsFunc(a.addr, func(r rune) bool { return r > 0x7e })
}

// quoteName escapes a value for an address template: an address is kept,
// anything else can only be (part of) a display name.
func quoteName(v string) string {
	v = strings.TrimSpace(v)
	if a, err := mail.ParseAddress(v); err == nil && a.Name == "" && !strings.ContainsAny(v, "<>(),;:\" ") {
		return v
	}
	if !strings.ContainsAny(v, "()<>[]:;@\\,.\"") {
		return v
	}
	return quoted(v)
}

func quoted(v string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
}
