package email

import (
	"context"
	"fmt"
	"maps"
	stdmail "net/mail"
	"net/textproto"
	"slices"

	mail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/params"
)

// Do sends the mail. It sends each SMTP command itself rather than with the
// library's one-call send, to learn which recipients were refused, and so that
// a failed QUIT after the server accepted the mail does not count.
func (m *message) Do(ctx context.Context, d params.Delivery) (any, error) {
	id := d.Key + "@" + m.from.domain()
	msg, err := m.compose(id)
	if err != nil {
		return nil, event.Failf(event.CauseRefused, false, "compose mail: %s", outbound.Excerpt([]byte(err.Error()), m.client.redact.Text))
	}
	d.Exchange.Begin()
	d.Exchange.Sent(params.Sent{MessageID: "<" + id + ">"})
	l := &line{heardFirst: d.Exchange.FirstByte}
	client, err := mail.NewClient(m.client.host, append(slices.Clone(m.client.options), mail.WithDialContextFunc(m.client.dial(ctx, l)))...)
	if err != nil {
		return nil, event.Failf(event.CauseRefused, false, "set up mail client: %s", outbound.Excerpt([]byte(err.Error()), m.client.redact.Text))
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		l.Close()
		return nil, m.client.answered(d, m.client.connectFailure(ctx, l, err))
	}
	defer l.Close()
	r := &Result{MessageID: "<" + id + ">", Refused: append([]Refusal{}, m.refused...)}
	if err := m.deliver(ctx, dialog{conn, l, r, d}, msg); err != nil {
		return nil, m.client.answered(d, err)
	}
	l.expect(forGoodbye)
	_ = conn.Quit()
	return r, nil
}

// dialog is one SMTP session and its result so far.
type dialog struct {
	*smtp.Client
	line     *line
	result   *Result
	delivery params.Delivery
}

func (m *message) deliver(ctx context.Context, c dialog, msg *mail.Msg) error {
	utf8, _ := c.Extension("SMTPUTF8")
	if !utf8 && !m.from.plain() {
		return event.Failf(event.CauseRefused, false, "%s %s: %s", m.client.peer(), onlyASCII, m.from.addr)
	}
	if err := c.Mail(m.from.envelope()); err != nil {
		return m.client.replyFailure(ctx, c.line, "the sender "+m.from.addr, err)
	}
	if err := m.offerRecipients(ctx, c, utf8); err != nil {
		return err
	}
	c.line.expect(forData)
	w, err := c.Data()
	if err != nil {
		return m.client.replyFailure(ctx, c.line, "the mail", err)
	}
	c.line.expect(forBlock)
	if _, err := msg.WriteTo(w); err != nil {
		return m.client.lineFailure(ctx, c.line, err)
	}
	c.line.expect(forEndOfData)
	c.line.ended = true
	if err := w.Close(); err != nil {
		return m.client.replyFailure(ctx, c.line, "the mail", err)
	}
	if data, ok := w.(*smtp.DataCloser); ok {
		c.delivery.Exchange.Answered(reply{c.result, 250, m.client.shown(data.ServerResponse())})
	}
	return nil
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
	// Prevents out-of-office replies.
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
	if err := attach(msg, m.attachments); err != nil {
		return nil, err
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
