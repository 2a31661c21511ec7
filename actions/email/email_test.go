package email_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/actions/email"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/standin"
	"github.com/gavel-rules/gavel/rules/params"
)

const (
	password = "very-secret-password"
	invitee  = "meeting.meetingInfo.primaryInvitee"
	name     = "meeting.meetingInfo.primaryInviteeName"
)

func kinds() params.Kinds {
	return params.Kinds{Actions: []params.Kind{email.Kind()}, Connections: []params.ConnectionKind{email.ConnectionKind()}}
}

func startSMTP(t *testing.T, o standin.SMTPOptions) *standin.SMTP {
	t.Helper()
	peer := standin.NewSMTP(o)
	if err := peer.Start(""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = peer.Stop(context.Background()) })
	return peer
}

// connect loads an email action with a connection to a port of this machine.
func connect(t *testing.T, port int, settings, action string) *actionstest.Rig {
	t.Helper()
	return actionstest.Load(t, kinds(), `
connections:
  email: { host: 127.0.0.1, port: `+strconv.Itoa(port)+`, from: "Acme <hi@acme.example>", `+settings+` }
rules:
  - name: try
    event: scheduling.*
    actions: [ { email: `+action+` } ]
`, map[string]string{"PASSWORD": password})
}

func setup(t *testing.T, action string) (*actionstest.Rig, *standin.SMTP) {
	t.Helper()
	peer := startSMTP(t, standin.SMTPOptions{})
	return connect(t, peer.Port(), "tls: none", action), peer
}

const thanks = `{ to: "${{ meeting.meetingInfo.primaryInvitee }}", subject: "Thank you, ${{ meeting.meetingInfo.primaryInviteeName }}", text: Bye }`

func TestSend(t *testing.T) {
	t.Parallel()
	rig, peer := setup(t, `
      { to: ["${{ meeting.meetingInfo.primaryInviteeName }} <${{ meeting.meetingInfo.primaryInvitee }}>", ops@acme.example],
        cc: [sales@acme.example, "${{ meeting.meetingInfo.location }}"], bcc: hidden@acme.example, reply_to: "desk@acme.example",
        subject: "Thank you, ${{ meeting.meetingInfo.primaryInviteeName }}",
        html: "<style>p{}</style><p>Dear ${{ meeting.meetingInfo.primaryInviteeName }},</p><ul><li>one<li>two</ul><a href=\"https://acme.example/x\">more</a>",
        headers: { X-Campaign: "thanks ${{ meeting.id }}" } }`)
	result, err := rig.Do(t.Context(), invitee, "ada@bücher.example", name, `Zoë "Z", <b>`, "meeting.meetingInfo.location", "", "meeting.id", "m1")
	if err != nil {
		t.Fatal(err)
	}
	want := &email.Result{
		MessageID: "<" + actionstest.Delivery().Key + "@acme.example>",
		Accepted:  []string{"ada@xn--bcher-kva.example", "ops@acme.example", "sales@acme.example", "hidden@acme.example"},
		Refused:   []email.Refusal{},
	}
	if diff := cmp.Diff(want, result); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	mails := peer.Received()
	if len(mails) != 1 {
		t.Fatalf("received %d mails, want 1", len(mails))
	}
	m := mails[0]
	if m.From != "hi@acme.example" || cmp.Diff(want.Accepted, m.To) != "" || m.MessageID != want.MessageID {
		t.Errorf("envelope is %s to %v, message id %s", m.From, m.To, m.MessageID)
	}
	if m.Subject != `Thank you, Zoë "Z", <b>` || m.Header.Get("X-Campaign") != "thanks m1" || m.Header.Get("Date") == "" ||
		m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("Bcc") != "" {
		t.Errorf("header is %v", m.Header)
	}
	to, err := m.Header.AddressList("To")
	if err != nil || len(to) != 2 || to[0].Name != `Zoë "Z", <b>` || to[0].Address != "ada@xn--bcher-kva.example" {
		t.Errorf("to is %v (%v)", to, err)
	}
	if !strings.Contains(m.HTML, "Dear Zoë &#34;Z&#34;, &lt;b&gt;,") {
		t.Errorf("html is %q", m.HTML)
	}
	if want := "Dear Zoë \"Z\", <b>,\n\n- one\n- two\n\nmore (https://acme.example/x)\n"; strings.TrimRight(m.Text, "\n")+"\n" != want {
		t.Errorf("text is %q, want %q", m.Text, want)
	}
}

func TestOneAddressPerField(t *testing.T) {
	t.Parallel()
	rig, _ := setup(t, thanks)
	for _, value := range []string{
		"a@x.example, b@x.example", "a@x.example; b@x.example", "a@x.example b@x.example", "Eve <eve@x.example>", "<eve@x.example>",
		"a@x.example\r\nBcc: b@x.example", "a@x.example\x00", "not an address", "@x.example", "a@", "group: a@x.example;", "a@x.example (b@x.example), c@x.example", "",
	} {
		if _, err := rig.Prepare(invitee, value); err == nil {
			t.Errorf("%q is let through", value)
		} else if len(err.Error()) > 400 {
			t.Errorf("%q: the error is long: %v", value, err)
		}
	}
	named, _ := setup(t, `{ to: "${{ meeting.meetingInfo.primaryInviteeName }} <ops@acme.example>", subject: Hello, text: Bye }`)
	for _, value := range []string{"Eve <eve@x.example>,", "eve@x.example", `"Eve" <eve@x.example>, x`, "eve@x.example (", "a:b;", "a\\"} {
		if got := named.Preview(name, value); !strings.Contains(got, `\u003cops@acme.example\u003e"]`) {
			t.Errorf("name %q gives %s", value, got)
		}
	}
}

func TestSubjectStaysOnOneLine(t *testing.T) {
	t.Parallel()
	rig, peer := setup(t, thanks)
	if _, err := rig.Do(t.Context(), name, "Eve\r\nBcc: x@x.example\r\n\r\nbody"); err != nil {
		t.Fatal(err)
	}
	m := peer.Received()[0]
	if m.Subject != "Thank you, Eve Bcc: x@x.example  body" || m.Header.Get("Bcc") != "" || m.Text != "Bye" && m.Text != "Bye\n" {
		t.Errorf("received %q with header %v and text %q", m.Subject, m.Header, m.Text)
	}
}

func TestReplies(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]event.Failure{
		421: {Cause: event.CauseServer, Retry: true},
		451: {Cause: event.CauseServer, Retry: true},
		552: {Cause: event.CauseClient},
		554: {Cause: event.CauseClient},
	} {
		rig, peer := setup(t, thanks)
		peer.FailNext(1, code, "no, "+password)
		_, err := rig.Do(t.Context())
		f := actionstest.Failure(t, err)
		if f.Cause != want.Cause || f.Retry != want.Retry || !strings.Contains(f.Text, strconv.Itoa(code)) {
			t.Errorf("%d: %+v", code, f)
		}
		if result, err := rig.Do(t.Context()); err != nil || result.(*email.Result).MessageID != peer.Received()[0].MessageID {
			t.Errorf("%d: next try: %v", code, err)
		}
	}
}

func TestTLSAndSignIn(t *testing.T) {
	t.Parallel()
	check := func(o standin.SMTPOptions, settings string, trust bool, want *event.Failure) {
		t.Helper()
		peer := startSMTP(t, o)
		if trust {
			file := filepath.Join(t.TempDir(), "ca.pem")
			if err := os.WriteFile(file, peer.CertificatePEM(), 0o600); err != nil {
				t.Fatal(err)
			}
			settings += `, ca_file: "` + file + `"`
		}
		_, err := connect(t, peer.Port(), settings, thanks).Do(t.Context())
		if want == nil {
			if err != nil || len(peer.Received()) != 1 {
				t.Errorf("%s: %v, %d mails", settings, err, len(peer.Received()))
			}
			return
		}
		f := actionstest.Failure(t, err)
		if f.Cause != want.Cause || f.Retry != want.Retry || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %+v, want %+v", settings, f, want)
		}
	}
	const signIn = `, username: gavel, password: "${{ env.PASSWORD }}"`
	user := standin.SMTPOptions{Username: "gavel", Password: password}
	starttls, implicit, both := user, user, standin.SMTPOptions{STARTTLS: true}
	starttls.STARTTLS, implicit.ImplicitTLS = true, true

	check(starttls, "tls: starttls"+signIn, true, nil)
	check(starttls, "tls: starttls, auth: plain"+signIn, true, nil)
	check(implicit, "tls: tls"+signIn, true, nil)
	check(user, "tls: none"+signIn, false, nil)
	check(both, "tls: starttls", true, nil)
	check(starttls, `tls: starttls, username: gavel, password: wrong-password`, true, &event.Failure{Cause: event.CauseAuth})
	check(starttls, "tls: starttls, auth: cram-md5"+signIn, true, &event.Failure{Cause: event.CauseAuth})
	check(starttls, "tls: starttls"+signIn, false, &event.Failure{Cause: event.CauseRefused})
	check(implicit, "tls: tls"+signIn, false, &event.Failure{Cause: event.CauseRefused})
	check(user, "tls: starttls"+signIn, false, &event.Failure{Cause: event.CauseAuth})
	check(user, "tls: tls"+signIn, false, &event.Failure{Cause: event.CauseRefused})
	check(user, "tls: none", false, &event.Failure{Cause: event.CauseClient})
}

// silent accepts connections and says nothing.
func silent(t *testing.T, accepted func()) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			accepted()
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done })
	return ln.Addr().(*net.TCPAddr).Port
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := connect(t, silent(t, cancel), "tls: none", thanks).Do(ctx)
	if f := actionstest.Failure(t, err); !f.Retry || !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("canceled: %+v", f)
	}
	short, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	_, err = connect(t, silent(t, func() {}), "tls: none", thanks).Do(short)
	if f := actionstest.Failure(t, err); f.Cause != event.CauseTimeout || !f.Retry {
		t.Errorf("no greeting: %+v", f)
	}
	peer := standin.NewSMTP(standin.SMTPOptions{})
	if err := peer.Start(""); err != nil {
		t.Fatal(err)
	}
	port := peer.Port()
	if err := peer.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = connect(t, port, "tls: none", thanks).Do(t.Context())
	if f := actionstest.Failure(t, err); f.Cause != event.CauseNetwork || !f.Retry {
		t.Errorf("nobody listens: %+v", f)
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	rig := connect(t, 25, `tls: none, username: gavel, password: "${{ env.PASSWORD }}"`, `{ to: ada@x.example, cc: [b@x.example], subject: Hello, text: Bye, headers: { X-A: b } }`)
	actionstest.PreviewContract(t, rig, []string{password})
	want := `{"from":"Acme \u003chi@acme.example\u003e","to":["ada@x.example"],"cc":["b@x.example"],"subject":"Hello","text":"Bye","headers":{"X-A":"b"}}`
	if got := rig.Preview(); got != want {
		t.Errorf("preview is %s, want %s", got, want)
	}
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	const settings = `{ to: ops@acme.example, subject: Report, text: See the file, attachments: [
      { name: "bookings of ${{ meeting.meetingInfo.primaryInviteeName }}.csv", content: "id,start\n${{ meeting.id }},10:00\n" },
      { name: data.json, content: "${{ json([meeting.id]) }}" } ] }`
	rig, peer := setup(t, settings)
	if _, err := rig.Do(t.Context(), name, "../../Zoë\r\nX: y", "meeting.id", "m1"); err != nil {
		t.Fatal(err)
	}
	m := peer.Received()[0]
	want := []standin.File{
		{Name: "bookings of .._.._Zoë X_ y.csv", Type: "text/csv", Content: "id,start\nm1,10:00\n"},
		{Name: "data.json", Type: "application/json", Content: `["m1"]`},
	}
	if diff := cmp.Diff(want, m.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if strings.TrimSpace(m.Text) != "See the file" {
		t.Errorf("text is %q", m.Text)
	}
	large, _ := setup(t, `{ to: ops@acme.example, subject: Report, text: Hi, attachments: [{ name: a.txt, content: "${{ `+name+` }}" }, { name: b.txt, content: "${{ `+name+` }}" }] }`)
	if _, err := large.Prepare(name, strings.Repeat("x", 3<<20)); err == nil || !strings.Contains(err.Error(), "larger than 5 MiB") {
		t.Errorf("files of 6 MiB give %v", err)
	}
}
