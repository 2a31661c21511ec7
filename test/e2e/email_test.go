package e2e

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	stdmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// mailRules send one mail for each canceled meeting, and one that goes nowhere
// for each rescheduled one. The first verb is the lines of the connection.
const mailRules = `connections:
  email:
    from: Acme <hello@acme.example>
%s
rules:
  - name: confirm
    event: scheduling.smartscheduler.canceled
    actions:
      - id: mail
        email:
          to: ${{ meeting.meetingInfo.primaryInvitee }}
          cc: [kim@acme.example]
          bcc: [archive@acme.example]
          reply_to: ${{ meeting.meetingOwner.username }}
          subject: "Canceled: ${{ meeting.meetingInfo.meetingName }}"
          html: "<p>Hello <b>${{ meeting.meetingInfo.primaryInviteeName }}</b></p>"
          text: "Hello ${{ meeting.meetingInfo.primaryInviteeName }}"
        retry: { max: 3, initial: 20ms, longest: 50ms }
      - log: { message: "sent ${{ actions.mail.message_id }}" }
  - name: nowhere
    event: scheduling.smartscheduler.rescheduled
    actions:
      - email: { to: "${{ meeting.meetingInfo.primaryInvitee }}", subject: hi, text: hi }
        retry: { max: 2, initial: 20ms, longest: 50ms }
`

// TestEmailToARealServer signs in over STARTTLS and finds the mail in the
// mailbox, with both of its parts.
func TestEmailToARealServer(t *testing.T) {
	t.Parallel()
	server := testkit.MailServer(t)
	host, port, err := net.SplitHostPort(server.Address)
	must(t, err)
	p := testkit.Start(t, testkit.Serve{
		Env: []string{"SMTP_PASSWORD=" + server.Password},
		Rules: fmt.Sprintf(mailRules, fmt.Sprintf("    host: %s\n    port: %s\n    tls: starttls\n    ca_file: %s\n    username: %s\n    password: ${{ env.SMTP_PASSWORD }}",
			host, port, server.CA, server.User)),
	})
	id := "mail-" + filepath.Base(t.TempDir())
	name := "Zoë <script>\r\nBcc: all@evil.example"
	p.MustPost(testkit.Sample(t, event.TypeCanceled, id, "meeting.meetingInfo.primaryInviteeName", name,
		"meeting.meetingInfo.meetingName", "Ünique "+filepath.Base(filepath.Dir(p.RulesFile))+"\r\nBcc: all@evil.example"))
	run := endedRun(t, p, id)
	if run.Status != event.StatusSucceeded {
		t.Fatalf("the run: %s %s", run.Status, run.Reason)
	}
	messageID := sentID(t, p)
	var raw []byte
	testkit.Eventually(t, "the mail is in the mailbox", func() bool {
		raw = mailWith(t, server.Maildir, messageID)
		return raw != nil
	})
	m, err := stdmail.ReadMessage(bytes.NewReader(raw))
	must(t, err)
	if h := m.Header; h.Get("To") != "<invitee@globex.example>" || h.Get("Cc") != "<kim@acme.example>" || h.Get("Bcc") != "" ||
		h.Get("Reply-To") != "<host@acme.example>" || !strings.Contains(h.Get("From"), "<hello@acme.example>") {
		t.Errorf("headers: %v", h)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	must(t, err)
	if !strings.HasPrefix(subject, "Canceled: Ünique ") || strings.ContainsAny(subject, "\r\n") {
		t.Errorf("subject: %q", subject)
	}
	if !strings.Contains(m.Header.Get("Received"), "esmtpsa") {
		t.Errorf("it did not come over TLS and signed in: %s", m.Header.Get("Received"))
	}
	parts := partsOf(t, m)
	if !strings.Contains(parts["text/plain"], "Hello Zoë <script>") || !strings.Contains(parts["text/html"], "<b>Zoë &lt;script&gt;") || strings.Contains(parts["text/html"], "<script>") {
		t.Errorf("parts: %q", parts)
	}

	p.MustPost(testkit.Sample(t, event.TypeRescheduled, "refused", "meeting.meetingInfo.primaryInvitee", "reject@globex.example"))
	run = endedRun(t, p, "refused")
	if run.Status != event.StatusFailed || len(run.Attempts) != 1 || !strings.Contains(run.Reason, "mailbox unavailable") {
		t.Errorf("an address that is refused: %s after %d attempts: %s", run.Status, len(run.Attempts), run.Reason)
	}
	p.MustPost(testkit.Sample(t, event.TypeRescheduled, "deferred", "meeting.meetingInfo.primaryInvitee", "defer@globex.example"))
	run = endedRun(t, p, "deferred")
	if run.Status != event.StatusFailed || len(run.Attempts) != 2 || !strings.Contains(run.Reason, "try again later") {
		t.Errorf("an address that is put off: %s after %d attempts: %s", run.Status, len(run.Attempts), run.Reason)
	}
	if strings.Contains(p.Log(), server.Password) {
		t.Error("the log shows the password")
	}
}

// sentID waits for the log line of the second action and returns the
// Message-ID that the first gave it.
func sentID(t *testing.T, p *testkit.Process) string {
	t.Helper()
	var id string
	testkit.Eventually(t, "the log tells the Message-ID", func() bool {
		_, after, found := strings.Cut(p.Log(), `text="sent `)
		id, _, _ = strings.Cut(after, `"`)
		return found
	})
	if !strings.HasPrefix(id, "<") || !strings.HasSuffix(id, "@acme.example>") {
		t.Fatalf("Message-ID %q", id)
	}
	return id
}

// mailWith returns the mail with this Message-ID, or nil.
func mailWith(t *testing.T, maildir, id string) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(maildir, "new", "*"))
	must(t, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		must(t, err)
		if bytes.Contains(content, []byte(id)) {
			return content
		}
	}
	return nil
}

// partsOf returns the parts of a mail by their type.
func partsOf(t *testing.T, m *stdmail.Message) map[string]string {
	t.Helper()
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	must(t, err)
	parts := map[string]string{}
	for reader := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := reader.NextPart() // decodes quoted-printable
		if err == io.EOF {
			return parts
		}
		must(t, err)
		media, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		must(t, err)
		content, err := io.ReadAll(part)
		must(t, err)
		parts[media] = string(content)
	}
}

// TestEmailKeepsItsMessageID has a server that puts the mail off twice, so
// that the same mail comes three times.
func TestEmailKeepsItsMessageID(t *testing.T) {
	t.Parallel()
	office := newPostOffice(t, "451 come back later", "421 too busy")
	host, port, err := net.SplitHostPort(office.listener.Addr().String())
	must(t, err)
	p := testkit.Start(t, testkit.Serve{
		Rules: fmt.Sprintf(mailRules, fmt.Sprintf("    host: %s\n    port: %s\n    tls: none", host, port)),
	})
	p.MustPost(canceled(t, "put-off"))
	run := endedRun(t, p, "put-off")
	if diff := cmp.Diff([]string{"mail failed", "mail failed", "mail succeeded", "log#2 succeeded"}, run.outcomes()); diff != "" {
		t.Fatalf("the run: %s (-want +got):\n%s", run.Reason, diff)
	}
	if first := run.Attempts[0]; first.Cause != event.CauseServer || !strings.Contains(first.Reason, "451 come back later") {
		t.Errorf("the first attempt: %s %s", first.Cause, first.Reason)
	}
	id := sentID(t, p)
	mails := office.received()
	if len(mails) != 3 {
		t.Fatalf("the server got %d mails, want 3", len(mails))
	}
	for i, h := range mails {
		if h.Get("Message-ID") != id {
			t.Errorf("mail %d has the Message-ID %s, want %s", i+1, h.Get("Message-ID"), id)
		}
	}
}
