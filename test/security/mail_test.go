package security

import (
	"maps"
	stdmail "net/mail"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/gavel-rules/gavel/internal/standin"
)

// mails returns the mails of one kind, by event. The stand-in takes them over
// SMTP and reads them with other code than that which wrote them.
func (b *battlefield) mails(match func(standin.Mail) bool) map[string][]standin.Mail {
	out := map[string][]standin.Mail{}
	for _, m := range b.mail.Received() {
		if match(m) {
			id := m.Header.Get("X-Event")
			out[id] = append(out[id], m)
		}
	}
	return out
}

// mailHeaders are the headers that a mail may have.
func mailHeaders() []string {
	return []string{"Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Reply-To", "Subject", "To", "X-Event"}
}

func (b *battlefield) mailsAreWhole(t *testing.T) {
	all := b.mails(func(m standin.Mail) bool { return m.HTML != "" })
	for _, a := range b.attacks {
		if len(all[a.id]) != 1 {
			t.Errorf("%s: %d mails (%s)", where(a), len(all[a.id]), b.runs[a.id]["mail"].Reason)
			continue
		}
		m := all[a.id][0]
		checkHeaders(t, a, m)
		if !slices.Equal(m.To, []string{"ops@acme.example"}) || m.From != "hi@acme.example" {
			t.Errorf("%s: the mail went from %s to %v", where(a), m.From, m.To)
		}
		var values []string
		for range fields() {
			values = append(values, a.text)
		}
		subject := strings.Join(strings.Fields(oneLine(strings.Join(values, " "))), " ")
		got := strings.Join(strings.Fields(words(m.Subject)), " ")
		if start, cut := strings.CutSuffix(got, "…"); cut && len([]rune(start)) > 150 && strings.HasPrefix(words(subject), start) {
			continue
		}
		differ(t, a, "the subject", got, words(subject))
		parts := sections(m.Text)
		if parts == nil {
			t.Errorf("%s: the text has lost its shape: %s", where(a), clip(m.Text))
			continue
		}
		for _, f := range fields() {
			differ(t, a, "the text", parts[f.name], readable(a.text))
		}
	}
}

func checkHeaders(t *testing.T, a attack, m standin.Mail) {
	t.Helper()
	for name, values := range m.Header {
		if !slices.Contains(mailHeaders(), name) || len(values) != 1 {
			t.Errorf("%s: header %s: %q", where(a), name, values)
		}
		for _, v := range values {
			if strings.ContainsFunc(v, hidden) {
				t.Errorf("%s: header %s holds a hidden character: %q", where(a), name, v)
			}
		}
	}
}

// mailsReachOneMailbox: whatever stands in an address, a mail has the one
// recipient that the rule means, or is not sent.
func (b *battlefield) mailsReachOneMailbox(t *testing.T) {
	counts := map[string]int{}
	for kind, want := range map[string]string{"to": "", "display": "guest@globex.example", "reply": "ops@acme.example"} {
		for id, list := range b.mails(func(m standin.Mail) bool { return m.Subject == kind }) {
			a := b.byID[id]
			for _, m := range list {
				counts[kind]++
				checkHeaders(t, a, m)
				checkRecipient(t, a, m, want)
			}
		}
	}
	for _, kind := range []string{"to", "display", "reply"} {
		if counts[kind] == 0 {
			t.Errorf("%d mails of kind %s: not even harmless addresses pass", counts[kind], kind)
		}
	}
	for _, a := range b.attacks {
		if strings.HasPrefix(a.group, "ordinary") {
			b.ended(t, a, "display-name", "succeeded")
		}
	}
}

func checkRecipient(t *testing.T, a attack, m standin.Mail, want string) {
	t.Helper()
	to, err := stdmail.ParseAddressList(m.Header.Get("To"))
	if err != nil || len(to) != 1 || len(m.To) != 1 || !strings.EqualFold(strings.Trim(to[0].Address, `"`), strings.Trim(m.To[0], `"`)) {
		t.Errorf("%s: the mail is for %v, the server was told %v (%v)", where(a), to, m.To, err)
		return
	}
	if want != "" && m.To[0] != want {
		t.Errorf("%s: the mail went to %v, want %s", where(a), m.To, want)
	}
	if want == "" && !strings.Contains(a.text, m.To[0]) && !strings.ContainsAny(a.text, "а\u2060о\"") {
		t.Errorf("%s: the mail went to %v", where(a), m.To)
	}
	if from, err := stdmail.ParseAddressList(m.Header.Get("From")); err != nil || len(from) != 1 || from[0].Address != "hi@acme.example" {
		t.Errorf("%s: the sender is %v (%v)", where(a), from, err)
	}
	if reply := m.Header.Get("Reply-To"); reply != "" {
		if list, err := stdmail.ParseAddressList(reply); err != nil || len(list) != 1 {
			t.Errorf("%s: answers go to %v (%v)", where(a), list, err)
		}
	}
}

// htmlKeepsItsShape compares elements and attributes with those of the same
// mail for a harmless guest, and the text with what the stranger typed.
func (b *battlefield) htmlKeepsItsShape(t *testing.T) {
	all := b.mails(func(m standin.Mail) bool { return m.HTML != "" })
	want := shape(t, all[b.attacks[0].id][0].HTML)
	for _, a := range b.attacks {
		if len(all[a.id]) != 1 {
			continue // mailsAreWhole tells
		}
		source := all[a.id][0].HTML
		differ(t, a, "the shape of the HTML", shape(t, source), want)
		root, err := html.Parse(strings.NewReader(source))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fields() {
			checkPlaces(t, a, root, f.name)
		}
	}
}

// shape lists elements with the names of their attributes.
func shape(t *testing.T, source string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		switch n.Type {
		case html.ElementNode:
			names := map[string]bool{}
			for _, attr := range n.Attr {
				names[attr.Key] = true
			}
			b.WriteString("<" + n.Data + " " + strings.Join(slices.Sorted(maps.Keys(names)), " ") + ">")
		case html.CommentNode, html.DoctypeNode:
			b.WriteString("<!" + n.Data + ">")
		}
	}
	return b.String()
}

// checkPlaces looks at every place of one field in the page.
func checkPlaces(t *testing.T, a attack, root *html.Node, field string) {
	t.Helper()
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "div" || attribute(n, "id") != field {
			continue
		}
		for e := range n.Descendants() {
			if e.Type != html.ElementNode {
				continue
			}
			for _, name := range []string{"href", "src"} {
				if link := attribute(e, name); !harmlessLink(link) {
					t.Errorf("%s: %s=%s", where(a), name, clip(link))
				}
			}
			if title := attribute(e, "title"); e.Data == "p" && title != "" {
				differ(t, a, "the attribute", parsed(title), parsed(readable(a.text)))
				text := ""
				if e.FirstChild != nil {
					text = e.FirstChild.Data
				}
				differ(t, a, "the text", parsed(text), parsed(readable(a.text)))
			}
		}
	}
}

// harmlessLink follows a link as a browser does, which drops some characters.
func harmlessLink(link string) bool {
	link = strings.ToLower(strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, link))
	scheme, _, found := strings.Cut(link, ":")
	if !found || strings.ContainsAny(scheme, "/?#") {
		return true // below the page itself
	}
	return scheme == "http" || scheme == "https" || scheme == "mailto"
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// parsed sees through what an HTML parser does to NUL.
func parsed(s string) string { return strings.NewReplacer("\ufffd", "", "\x00", "").Replace(s) }
