package email_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/event"
)

// place is where a stranger types.
const place = "meeting.meetingInfo.location"

// shownMail is a mail as its preview shows it.
type shownMail struct {
	From    string   `json:"from"`
	To      []string `json:"to"`
	CC      []string `json:"cc"`
	BCC     []string `json:"bcc"`
	ReplyTo string   `json:"reply_to"`
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
	HTML    string   `json:"html"`
	Cut     []string `json:"cut"`
	Refused []struct {
		Address, Reason string
	} `json:"refused"`
}

func preview(t *testing.T, action string, edits ...string) (m shownMail) {
	t.Helper()
	if err := json.Unmarshal([]byte(connect(t, 25, "tls: none", action).Preview(edits...)), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestPlainTextOfHTML: who gives only HTML gets a plain text that can be read.
func TestPlainTextOfHTML(t *testing.T) {
	t.Parallel()
	for html, want := range map[string]string{
		"<p>Dear Ada,</p><p>thank   you\nvery much.</p>":                                           "Dear Ada,\n\nthank you very much.\n",
		"One<br>two<br/>three":                                                                     "One\ntwo\nthree\n",
		"<h1>Plan</h1><ul><li>first</li><li>second</li></ul>end":                                   "Plan\n\n- first\n- second\n\nend\n",
		"above<hr>below":                                                                           "above\n---\nbelow\n",
		"<table><tr><th>Day</th><td>Monday</td></tr><tr><td>x</td></tr></table>":                   "Day Monday\nx\n",
		`<a href="https://crm.example/1">open</a> it`:                                              "open (https://crm.example/1) it\n",
		`<a href="https://crm.example">https://crm.example</a>`:                                    "https://crm.example\n",
		`<a href="mailto:hi@acme.example">hi@acme.example</a>`:                                     "hi@acme.example\n",
		`<a href="mailto:hi@acme.example">write</a>`:                                               "write (mailto:hi@acme.example)\n",
		`<a href="#top">up</a><a name="x">here</a>`:                                                "uphere\n",
		`<img src="https://acme.example/x.png" alt="Logo"><img src="https://acme.example/y.png">.`: "Logo.\n",
		"<head><title>No</title></head><style>p { }</style><body>Yes</body>":                       "Yes\n",
		"a &lt;b&gt; &amp; c":                                                                      "a <b> & c\n",
		"<div>a<div>b</div></div><blockquote>c</blockquote><pre>d</pre>":                           "a\n\nb\n\nc\n\nd\n",
	} {
		m := preview(t, `{ to: ada@x.example, subject: Hello, html: '`+html+`' }`)
		if m.Text != want {
			t.Errorf("%s\n got %q\nwant %q", html, m.Text, want)
		}
	}
	if m := preview(t, `{ to: ada@x.example, subject: Hello, html: <p>a</p>, text: b }`); m.Text != "b" || m.HTML != "<p>a</p>" {
		t.Errorf("what the author wrote is not kept: %+v", m)
	}
}

// TestRecipients: each address once, in the field that names it first; what is
// empty for the event is left out, and what is no address is told.
func TestRecipients(t *testing.T) {
	t.Parallel()
	m := preview(t, `{ from: "${{ meeting.meetingInfo.meetingName }}", to: [ada@x.example, "ADA@x.example", "${{ meeting.zoomMeetingId }}", "${{ meeting.meetingInfo.location }}"],
	  cc: [ada@x.example, "B <b@x.example>"], bcc: [b@x.example, c@x.example], reply_to: "${{ meeting.meetingOwner.username }}", subject: Hello, text: Bye }`,
		place, "no address", "meeting.meetingInfo.meetingName", "")
	want := shownMail{
		From: "Acme <hi@acme.example>", To: []string{"ada@x.example"}, CC: []string{"B <b@x.example>"}, BCC: []string{"c@x.example"}, ReplyTo: "host@acme.example",
		Subject: "Hello", Text: "Bye",
	}
	refused := m.Refused
	m.Refused = nil
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(refused) != 1 || refused[0].Address != "no address" || refused[0].Reason != `to: "no address" is not an email address` {
		t.Errorf("refused %+v", refused)
	}
	refuses := func(action, want string, edits ...string) {
		t.Helper()
		_, err := connect(t, 25, "tls: none", action).Prepare(edits...)
		if f := actionstest.Failure(t, err); f.Cause != event.CauseRefused || f.Retry || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", action, err, want)
		}
	}
	const rest = `, subject: Hello, text: Bye }`
	refuses(`{ to: [ada@x.example, "${{ meeting.meetingInfo.location }}"], all_or_none: true`+rest, "no address", place, "no address")
	refuses(`{ to: "${{ meeting.meetingInfo.location }}"`+rest, "no address", place, "no address")
	refuses(`{ to: ada@x.example, reply_to: "${{ meeting.meetingInfo.location }}"`+rest, "reply_to: ", place, "no address")
	refuses(`{ to: ada@x.example, from: "${{ meeting.meetingInfo.location }}"`+rest, "from: ", place, "no address")
}

// TestAddressesThatAreNone are told with what is wrong.
func TestAddressesThatAreNone(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		strings.Repeat("a", 64) + "@x.example":                             "",
		strings.Repeat("a", 65) + "@x.example":                             "is longer than an email address can be",
		"a@" + strings.Repeat(strings.Repeat("b", 60)+".", 4) + "example":  "",
		"a@" + strings.Repeat(strings.Repeat("b", 60)+".", 4) + "examples": "",
		"a@" + strings.Repeat(strings.Repeat("b", 62)+".", 4) + "example":  "is longer than an email address can be",
		"a@x_y.example":     "is not an email address: its domain is not valid",
		"a@-.example":       "is not an email address",
		"a@münchen.example": "",
		"a@x.example\tb":    "contains a control character such as a line break",
		"Ada a@x.example":   "is not an email address",
	} {
		_, err := connect(t, 25, "tls: none", `{ to: "${{ meeting.meetingInfo.location }}", subject: Hello, text: Bye }`).Prepare(place, address)
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", address, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want %q", address, err, want)
		}
	}
	m := preview(t, `{ to: "Ada <${{ meeting.meetingInfo.location }}>", subject: Hello, text: Bye }`, place, "a@münchen.example")
	if m.To[0] != "Ada <a@xn--mnchen-3ya.example>" {
		t.Errorf("to %q", m.To)
	}
}

// TestMoreFindings tells the field, and what to write.
func TestMoreFindings(t *testing.T) {
	t.Parallel()
	check := func(connection, action, want string) {
		t.Helper()
		source := `
connections: { email: ` + connection + ` }
rules:
  - { name: try, event: "*", actions: [ { email: ` + action + ` } ] }
`
		if want == "" {
			actionstest.Load(t, kinds(), source, nil)
			return
		}
		if got := actionstest.Findings(t, kinds(), source, nil); !strings.Contains(got, want) {
			t.Errorf("%s %s: findings do not say %q:\n%s", connection, action, want, got)
		}
	}
	const (
		good = `{ host: smtp.acme.example, from: hi@acme.example }`
		mail = `{ to: a@x.example, subject: Hello, text: Bye }`
		open = `{ host: smtp.acme.example, from: hi@acme.example, `
	)
	check(good, mail, "")
	check(open+`port: 1 }`, mail, "")
	check(open+`port: 65535 }`, mail, "")
	check(open+`port: 65536 }`, mail, "65536 is not a port")
	check(open+`port: -1 }`, mail, "-1 is not a port")
	check(open+`timeout: -1s }`, mail, "timeout")
	check(open+`password: abcdef }`, mail, "is missing, but a password is given")
	check(open+`username: gavel }`, mail, "is missing, but a username is given")
	check(open+`helo: "a b" }`, mail, `"a b" is not a host name`)
	check(open+`helo: mx.acme.example }`, mail, "")
	check(open+`ca_file: /nowhere/ca.pem }`, mail, "was not found")
	for _, host := range []string{"a b", "hi@acme.example", "acme.example/x"} {
		check(`{ host: "`+host+`", from: hi@acme.example }`, mail, `is not a host name; give the name alone and the port as port`)
	}
	for _, host := range []string{"127.0.0.1", "localhost", "::1"} {
		check(`{ host: "`+host+`", from: hi@acme.example, tls: none }`, mail, "")
	}
	for _, auth := range []string{"auto", "plain", "login", "cram-md5"} {
		check(open+`username: gavel, password: abcdef, auth: `+auth+` }`, mail, "")
		check(`{ host: 127.0.0.1, from: hi@acme.example, tls: none, username: gavel, password: abcdef, auth: `+auth+` }`, mail, "")
	}
	for _, field := range []string{"to", "cc", "bcc", "from", "reply_to"} {
		fields := map[string]string{"to": "a@x.example", field: "nobody"}
		action := `{ subject: Hello, text: Bye`
		for name, value := range fields {
			action += fmt.Sprintf(", %s: %s", name, value)
		}
		check(good, action+` }`, `"nobody" is not an email address`)
	}
	for _, name := range []string{"From", "TO", "Cc", "Reply-To", "Sender", "Subject", "Date", "Message-ID", "MIME-Version", "Return-Path", "Received", "DKIM-Signature", "Content-Type", "Resent-To"} {
		check(good, `{ to: a@x.example, subject: Hello, text: Bye, headers: { `+name+`: x } }`, `"`+name+`" has its own setting`)
	}
	check(good, `{ to: a@x.example, subject: Hello, text: Bye, headers: { "X Y": x } }`, `"X Y" is not a header name`)
	check(good, `{ to: a@x.example, subject: Hello, text: Bye, headers: { X-Content-Type: x, List-Id: y } }`, "")
}
