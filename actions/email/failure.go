package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/params"
)

func (cl *Client) peer() string {
	return "the mail server " + net.JoinHostPort(cl.host, strconv.Itoa(cl.port))
}

// connectFailure classifies what went wrong before the first mail command:
// connecting, greeting, TLS and signing in.
func (cl *Client) connectFailure(ctx context.Context, l *line, err error) *event.Failure {
	var (
		reply  *textproto.Error
		cert   *tls.CertificateVerificationError
		record tls.RecordHeaderError
		netErr net.Error
	)
	switch {
	case errors.As(err, &reply):
		f := cl.replyFailure(ctx, l, "the connection", err)
		if signInCode(reply.Code) {
			f.Text = fmt.Sprintf("%s: %s refused the username or password", cl.words(reply), cl.peer())
		}
		return f
	case ctx.Err() != nil, errors.Is(err, errEndless), errors.As(err, &cert), errors.As(err, &record), errors.As(err, &netErr),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return cl.lineFailure(ctx, l, err)
	}
	// Otherwise the server lacks what the connection requires: STARTTLS or this
	// authentication method.
	return &event.Failure{
		Cause: event.CauseAuth, Arrival: event.Answered, Err: err,
		Text: fmt.Sprintf("%s does not support what the connection requires: %s", cl.peer(), outbound.Excerpt([]byte(err.Error()), cl.redact.Text)),
	}
}

// replyFailure classifies a reply of the server: 4xx is retried, 5xx is not.
func (cl *Client) replyFailure(ctx context.Context, l *line, what string, err error) *event.Failure {
	var reply *textproto.Error
	if !errors.As(err, &reply) {
		return cl.lineFailure(ctx, l, err)
	}
	f := &event.Failure{Arrival: event.Answered, Err: err, Text: fmt.Sprintf("%s: %s refused %s", cl.words(reply), cl.peer(), what)}
	switch {
	case signInCode(reply.Code):
		f.Cause = event.CauseAuth
	case reply.Code/100 == 4:
		f.Cause, f.Retry = event.CauseServer, true
	default:
		f.Cause = event.CauseClient
	}
	return f
}

// lineFailure classifies an error without a reply. If the end of the mail was
// not sent, the server must not deliver it.
func (cl *Client) lineFailure(ctx context.Context, l *line, err error) *event.Failure {
	f := outbound.NetworkFailure(ctx, cl.peer(), err)
	if errors.Is(err, errEndless) {
		f = &event.Failure{Cause: event.CauseServer, Retry: true, Err: err, Text: cl.peer() + " sent an endless reply"}
	}
	f.Arrival = event.ArrivalNotSent
	if l.ended {
		f.Arrival = event.ArrivalUnknown
	}
	return f
}

// reply is a reply of the server for the history, with the result if it took the
// mail.
type reply struct {
	*Result
	Code int    `json:"code"`
	Text string `json:"text"`
}

// longestShown bounds the text of a reply in the history, in bytes.
const longestShown = 4 << 10

func (cl *Client) shown(text string) string {
	if len(text) > longestShown {
		text = text[:longestShown] + "…"
	}
	return outbound.Visible(cl.redact.Text(strings.ToValidUTF8(text, "")))
}

// answered notes the server's reply that an error is about.
func (cl *Client) answered(d params.Delivery, err error) error {
	var said *textproto.Error
	if errors.As(err, &said) {
		d.Exchange.Answered(reply{nil, said.Code, cl.shown(said.Msg)})
	}
	return err
}

func signInCode(code int) bool { return code == 530 || code == 534 || code == 535 || code == 538 }

func (cl *Client) words(e *textproto.Error) string {
	return fmt.Sprintf("%d %s", e.Code, outbound.Excerpt([]byte(e.Msg), cl.redact.Text))
}
