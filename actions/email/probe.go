package email

import (
	"context"
	"fmt"
	"slices"
	"time"

	mail "github.com/wneessen/go-mail"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/rules/params"
)

// Probe implements params.Prober: it connects, signs in and says goodbye.
func (cl *Client) Probe(ctx context.Context, _ []string) []params.Probed {
	bad := func(err error) []params.Probed {
		return []params.Probed{{
			Code: "reachable", Problem: true, Text: err.Error(),
			Do: "check host, port, tls, username and password of the connection, and that this machine may reach the server",
		}}
	}
	l := &line{}
	client, err := mail.NewClient(cl.host, append(slices.Clone(cl.options), mail.WithDialContextFunc(cl.dial(ctx, l)))...)
	if err != nil {
		return bad(fmt.Errorf("set up mail client: %s", outbound.Excerpt([]byte(err.Error()), cl.redact.Text)))
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		l.Close()
		return bad(cl.connectFailure(ctx, l, err))
	}
	defer l.Close()
	l.expect(forGoodbye)
	state, err := conn.GetTLSConnectionState()
	if err != nil {
		state = nil // not encrypted, which the connection allows
	}
	_ = conn.Quit() // all was said before
	text := cl.peer() + " accepts the connection"
	if cl.signsIn {
		text = cl.peer() + " accepts user and password"
	}
	return append([]params.Probed{{Code: "reachable", Text: text}}, outbound.Certificate(state, time.Now())...)
}
