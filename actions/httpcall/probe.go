package httpcall

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/params"
)

// Probe implements params.Prober. It gets a token, if the connection needs one,
// and sends one HEAD for the base address, which by HTTP changes nothing.
func (cl *Client) Probe(ctx context.Context, _ []string) []params.Probed {
	var found []params.Probed
	r := &request{client: cl}
	p, base, err := r.entry(ctx)
	if err != nil {
		return append(found, failed("token", err, "check the address and the credentials under auth: of the connection"))
	}
	if _, ok := cl.auth.(*tokenAuth); ok {
		found = append(found, params.Probed{Code: "token", Text: "the token endpoint gives a token"})
	}
	if base == nil {
		return found
	}
	if base.Scheme == "http" && !loopback(base) {
		found = append(found, params.Probed{
			Code: "plain", Warning: true, Text: "calls to " + base.Host + " are not encrypted",
			Do: "use https in base_url; others on the network can read what is sent, credentials included",
		})
	}
	resp, err := cl.head(r.allow(ctx, base, p), base, p)
	if err != nil {
		return append(found, failed("reachable", outbound.NetworkFailure(ctx, base.Host, err), "check base_url, and that this machine may reach it"))
	}
	resp.Body.Close()
	return append(append(found, answered(base.Host, resp.StatusCode)), outbound.Certificate(resp.TLS, time.Now())...)
}

func (cl *Client) head(ctx context.Context, base *url.URL, p pass) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, base.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	for name, value := range cl.headers {
		req.Header.Set(name, value)
	}
	if p.header != "" {
		req.Header.Set(p.header, p.value)
	}
	req.Header.Set("User-Agent", cmp.Or(req.Header.Get("User-Agent"), cl.userAgent))
	return outbound.Call(cl.transport, req)
}

// answered judges the status of an address that need not have a page.
func answered(host string, status int) params.Probed {
	switch {
	case status == http.StatusUnauthorized:
		return params.Probed{
			Code: "credentials", Problem: true, Text: fmt.Sprintf("%s refuses the credentials (%d)", host, status),
			Do: "replace the token or password of the connection",
		}
	case status == http.StatusForbidden:
		return params.Probed{
			Code: "credentials", Warning: true, Text: fmt.Sprintf("%s forbids its base address (%d)", host, status),
			Do: "normal for some APIs; if calls fail with 403 too, the credentials lack a right",
		}
	case status >= http.StatusInternalServerError:
		return params.Probed{
			Code: "reachable", Warning: true, Text: fmt.Sprintf("%s is reachable and answers with an error of its own (%d)", host, status),
			Do: "look at its status page; calls are retried",
		}
	}
	return params.Probed{Code: "reachable", Text: fmt.Sprintf("%s answers (%d to HEAD)", host, status)}
}

func failed(code string, err error, do string) params.Probed {
	var f *event.Failure
	if errors.As(err, &f) {
		err = errors.New(f.Error())
	}
	return params.Probed{Code: code, Problem: true, Text: err.Error(), Do: do}
}

func loopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
