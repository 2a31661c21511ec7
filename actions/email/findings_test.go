package email_test

import (
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/actions/actionstest"
)

func TestLoadFindings(t *testing.T) {
	t.Parallel()
	check := func(connection, action, want string) {
		t.Helper()
		got := actionstest.Findings(t, kinds(), `
connections: { email: `+connection+` }
rules:
  - { name: try, event: "*", actions: [ { email: `+action+` } ] }
`, nil)
		if !strings.Contains(got, want) {
			t.Errorf("%s %s: findings do not say %q:\n%s", connection, action, want, got)
		}
	}
	const (
		good = `{ host: smtp.acme.example, from: hi@acme.example }`
		mail = `{ to: a@x.example, subject: Hello, text: Bye }`
	)
	check(good, `{ to: a@x.example, subject: Hello }`, "give text, or html")
	check(good, `{ to: "a@x.example, b@x.example", subject: Hello, text: Bye }`, "contains 2 addresses")
	check(good, `{ to: nobody, subject: Hello, text: Bye }`, `"nobody" is not an email address`)
	check(good, `{ to: "Everybody <${{ invitees() }}>", subject: Hello, text: Bye }`, "write ${{ invitees() }} alone")
	check(good, `{ to: a@x.example, reply_to: "${{ invitees() }}", subject: Hello, text: Bye }`, "invitees()[0]")
	check(good, `{ to: [], subject: Hello, text: Bye }`, "to")
	check(good, `{ to: a@x.example, subject: Hello, text: Bye, headers: { Bcc: b@x.example } }`, "has its own setting")
	check(good, `{ to: a@x.example, subject: Hello, text: Bye, attachments: [{ name: " . ", content: a }] }`, "give each file a name")
	check(good, `{ to: a@x.example, subject: Hello, text: Bye, attachments: [{ name: a.csv }] }`, "content")
	check(good, `{ to: a@x.example, subject: Hello, text: Bye, attachments: [`+strings.Repeat("{ name: a.csv, content: a }, ", 11)+`] }`, "at most 10")
	check(`{ host: smtp.acme.example }`, mail, "from")
	check(`{ host: smtp.acme.example, from: hi, tls: starttls }`, mail, "not an email address")
	check(`{ host: smtp.acme.example, from: hi@acme.example, tls: none }`, mail, "unencrypted")
	check(`{ host: "smtp://acme.example", from: hi@acme.example }`, mail, "not a host name")
	check(`{ host: smtp.acme.example, from: hi@acme.example, port: 70000 }`, mail, "not a port")
	check(`{ host: smtp.acme.example, from: hi@acme.example, username: gavel }`, mail, "password")
}
