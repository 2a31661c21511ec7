package eval

import (
	"net/mail"
	"strings"

	"github.com/gavel-rules/gavel/event"
)

// domainOf returns the domain of "a@b" or "Name <a@b>", or "".
func domainOf(address string) string {
	_, domain, ok := strings.Cut(addressOf(address), "@")
	if !ok {
		return ""
	}
	return domain
}

// addressOf returns the bare address in lower case, or "" if there is none.
func addressOf(s string) string {
	s = strings.TrimSpace(s)
	if parsed, err := mail.ParseAddress(s); err == nil {
		return strings.ToLower(parsed.Address)
	}
	if strings.Count(s, "@") == 1 && !strings.ContainsAny(s, " \t\r\n<>,;\"()") &&
		!strings.HasPrefix(s, "@") && !strings.HasSuffix(s, "@") {
		return strings.ToLower(s)
	}
	return ""
}

// inviteesOf reads the primary invitee and the list of optional ones, which
// the vendor sends as one text.
func inviteesOf(m *event.Meeting) []string {
	found, known := []string{}, map[string]bool{}
	add := func(s string) {
		if a := addressOf(s); a != "" && !known[a] {
			known[a] = true
			found = append(found, a)
		}
	}
	add(m.Info.PrimaryInvitee)
	list := m.Info.OptionalInvitees
	if parsed, err := mail.ParseAddressList(list); err == nil {
		for _, a := range parsed {
			add(a.Address)
		}
		return found
	}
	for _, part := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(",;\n\r", r) }) {
		if a := addressOf(part); a != "" {
			add(a)
			continue
		}
		for _, word := range strings.Fields(part) {
			add(word)
		}
	}
	return found
}
