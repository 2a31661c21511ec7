package email

import (
	"context"
	"errors"
	"fmt"
	"maps"
	stdmail "net/mail"
	"net/textproto"
	"slices"
	"strings"

	mail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// Do sends the mail. The dialogue with the server is led here rather than by
// the library's one-call send, so that one refused recipient can be told from
// another and so that a lost goodbye after the server took the mail does not
// count as a failure.
func (m *message) Do(ctx context.Context, d rules.Delivery) (any, error) {
	id := d.Key + "@" + m.from.domain()
	msg, err := m.compose(id)
	if err != nil {
		return nil, event.Failf(event.CauseRefused, false, "compose mail: %s", outbound.Excerpt([]byte(err.Error()), m.client.redact.Text))
	}
	l := &line{}
	client, err := mail.NewClient(m.client.host, append(slices.Clone(m.client.options), mail.WithDialContextFunc(m.client.dial(ctx, l)))...)
	if err != nil {
		return nil, event.Failf(event.CauseRefused, false, "set up mail client: %s", outbound.Excerpt([]byte(err.Error()), m.client.redact.Text))
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		l.Close()
		return nil, m.client.connectFailure(ctx, l, err)
	}
	defer l.Close()
	if err := m.deliver(ctx, conn, l, msg); err != nil {
		return nil, err
	}
	l.expect(forGoodbye)
	_ = conn.Quit()
	r := &Result{MessageID: "<" + id + ">"}
	for _, a := range m.recipients() {
		r.Accepted = append(r.Accepted, a.addr)
	}
	return r, nil
}

func (m *message) deliver(ctx context.Context, conn *smtp.Client, l *line, msg *mail.Msg) error {
	if utf8, _ := conn.Extension("SMTPUTF8"); !utf8 {
		for _, a := range append(m.recipients(), m.from) {
			if !a.plain() {
				return event.Failf(event.CauseRefused, false, "%s takes no addresses with letters outside ASCII: %s", m.client.peer(), a.addr)
			}
		}
	}
	if err := conn.Mail(m.from.envelope()); err != nil {
		return m.client.replyFailure(ctx, l, "the sender "+m.from.addr, err)
	}
	if err := m.offerRecipients(ctx, conn, l); err != nil {
		return err
	}
	l.expect(forData)
	w, err := conn.Data()
	if err != nil {
		return m.client.replyFailure(ctx, l, "the mail", err)
	}
	l.expect(forBlock)
	if _, err := msg.WriteTo(w); err != nil {
		return m.client.lineFailure(ctx, l, err)
	}
	l.expect(forEndOfData)
	l.ended = true
	if err := w.Close(); err != nil {
		return m.client.replyFailure(ctx, l, "the mail", err)
	}
	return nil
}

// offerRecipients names every recipient. If any of them is refused nobody gets
// the mail: sending to some now and to the others on the next try would send
// twice or never.
func (m *message) offerRecipients(ctx context.Context, conn *smtp.Client, l *line) error {
	var (
		refused []string
		worst   error
	)
	for _, a := range m.recipients() {
		err := conn.Rcpt(a.envelope())
		if err == nil {
			continue
		}
		var reply *textproto.Error
		if !errors.As(err, &reply) {
			return m.client.lineFailure(ctx, l, err)
		}
		refused = append(refused, a.addr)
		var before *textproto.Error
		if worst == nil || errors.As(worst, &before) && reply.Code/100 > before.Code/100 {
			worst = err
		}
	}
	if worst == nil {
		return nil
	}
	what := "the recipient " + refused[0]
	if len(refused) > 1 {
		what = "the recipients " + strings.Join(refused, ", ")
	}
	if len(refused) < len(m.recipients()) {
		what += ", so nobody was sent the mail"
	}
	return m.client.replyFailure(ctx, l, what, worst)
}

func (m *message) compose(id string) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(m.from.header())
	msg.ToMailAddress(headers(m.to)...)
	if len(m.cc) > 0 {
		msg.CcMailAddress(headers(m.cc)...)
	}
	if m.replyTo != nil {
		msg.ReplyToMailAddress(m.replyTo.header())
	}
	msg.Subject(m.subject)
	msg.SetDate()
	msg.SetMessageIDWithValue(id)
	// Keeps holiday replies from answering a machine.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	for _, name := range slices.Sorted(maps.Keys(m.headers)) {
		msg.SetGenHeader(mail.Header(textproto.CanonicalMIMEHeaderKey(name)), m.headers[name])
	}
	switch {
	case m.html == "":
		msg.SetBodyString(mail.TypeTextPlain, m.text)
	default:
		msg.SetBodyString(mail.TypeTextPlain, m.text)
		msg.AddAlternativeString(mail.TypeTextHTML, m.html)
	}
	if _, err := msg.GetSender(false); err != nil {
		return nil, fmt.Errorf("sender: %w", err)
	}
	return msg, nil
}

func headers(list []*address) []*stdmail.Address {
	out := make([]*stdmail.Address, len(list))
	for i, a := range list {
		out[i] = a.header()
	}
	return out
}
