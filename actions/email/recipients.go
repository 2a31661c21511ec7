package email

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"strings"

	"github.com/gavel-rules/gavel/event"
)

const onlyASCII = "does not accept addresses with non-ASCII letters"

// patientTries is for how many tries, about ten minutes, a mail waits for a
// recipient that the server defers, as many servers do with new senders
// (greylisting). Sending to the others meanwhile would send to them twice.
const patientTries = 8

// offerRecipients sends RCPT TO for each recipient and decides whether to
// continue with the accepted ones. An error means that the mail is not sent.
func (m *message) offerRecipients(ctx context.Context, c dialog, utf8 bool) error {
	var (
		refused      []Refusal
		forNow, ever error // the first of each
	)
	for _, a := range m.recipients() {
		if !utf8 && !a.plain() {
			refused = append(refused, Refusal{a.addr, "the server " + onlyASCII})
			ever = first(ever, event.Failf(event.CauseRefused, false, "%s %s: %s", m.client.peer(), onlyASCII, a.addr))
			continue
		}
		err := c.Rcpt(a.envelope())
		if err == nil {
			c.result.Accepted = append(c.result.Accepted, a.addr)
			continue
		}
		var reply *textproto.Error
		if !errors.As(err, &reply) {
			return m.client.lineFailure(ctx, c.line, err)
		}
		refused = append(refused, Refusal{a.addr, m.client.words(reply)})
		if reply.Code/100 == 4 {
			forNow = first(forNow, err)
		} else {
			ever = first(ever, err)
		}
	}
	waits := forNow != nil && c.delivery.Try < patientTries && !c.delivery.Last
	switch {
	case len(refused) == 0:
		return nil
	case m.allOrNone:
		return m.refusal(ctx, c, refused, first(ever, forNow))
	case len(c.result.Accepted) == 0 || waits:
		return m.refusal(ctx, c, refused, first(forNow, ever))
	}
	c.result.Refused = append(c.result.Refused, refused...)
	return nil
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// refusal is the failure of a mail that was not sent because of its recipients.
func (m *message) refusal(ctx context.Context, c dialog, refused []Refusal, err error) error {
	var done *event.Failure
	if errors.As(err, &done) {
		return done
	}
	const most = 5
	var names []string
	for _, r := range refused[:min(most, len(refused))] {
		names = append(names, r.Address)
	}
	what := "the recipient " + names[0]
	if len(names) > 1 {
		what = "the recipients " + strings.Join(names, ", ")
	}
	if len(refused) > most {
		what += fmt.Sprintf(" and %d more", len(refused)-most)
	}
	switch {
	case len(c.result.Accepted) > 0 && m.allOrNone:
		what += "; the mail was not sent to anyone"
	case len(c.result.Accepted) > 0:
		what += "; the mail was not sent to anyone yet"
	}
	return m.client.replyFailure(ctx, c.line, what, err)
}
