package slack

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/values"
)

const defaultAPI = "https://slack.com/api/"

// Deps are the dependencies of the kind.
type Deps struct {
	// Transport is used for all calls; see outbound.NewTransport.
	Transport http.RoundTripper
	UserAgent string
}

// ConnectionKind describes a connection to a Slack workspace.
func ConnectionKind(d Deps) params.ConnectionKind {
	return params.ConnectionKind{
		Name: "slack",
		Doc:  "A Slack workspace: a bot token that may write to channels, or an incoming webhook that is bound to one channel.",
		New:  func() params.ConnectionParams { return &connection{deps: d} },
	}
}

type connection struct {
	Token      values.Secret `yaml:"token" doc:"Bot token with the scope chat:write (and chat:write.public, chat:write.customize if used; for living messages also channels:history and channels:read)." example:"${{ env.SLACK_BOT_TOKEN }}"`
	WebhookURL values.Secret `yaml:"webhook_url" doc:"Address of an incoming webhook, instead of a token." example:"${{ env.SLACK_WEBHOOK_URL }}"`
	APIURL     string        `yaml:"api_url" doc:"Address of the Slack API, for a proxy or a test server." default:"https://slack.com/api/"`

	deps Deps
}

// Open checks the parameters.
func (c *connection) Open() (any, error) {
	cl := &Client{token: c.Token.Reveal(), userAgent: c.deps.UserAgent, transport: c.deps.Transport}
	switch {
	case c.Token.IsZero() == c.WebhookURL.IsZero():
		return nil, &params.FieldError{
			Field: "token", Err: errors.New("exactly one of token and webhook_url is required"),
			Hint: "set token to a bot token, or webhook_url to the address of an incoming webhook",
		}
	case !c.WebhookURL.IsZero():
		u, err := parseEndpoint(c.WebhookURL.Reveal())
		if err != nil {
			return nil, &params.FieldError{Field: "webhook_url", Err: err, Hint: "copy the address from the app's page in Slack"}
		}
		cl.webhook, cl.endpoint = u.String(), u
	default:
		api := c.APIURL
		if api == "" {
			api = defaultAPI
		}
		u, err := parseEndpoint(api)
		if err != nil {
			return nil, &params.FieldError{Field: "api_url", Err: err}
		}
		cl.api, cl.endpoint = strings.TrimSuffix(u.String(), "/")+"/", u
	}
	cl.redact = privacy.GateFor(append(webhookSecrets(cl.webhook), cl.token)...)
	return cl, nil
}

// webhookSecrets are the parts of an incoming webhook's address to redact: all
// of it, its path, and its last segment.
func webhookSecrets(webhook string) []string {
	u, err := url.Parse(webhook)
	if err != nil || webhook == "" {
		return nil
	}
	return []string{webhook, u.EscapedPath(), u.Path, path.Base(u.Path)}
}

// parseEndpoint does not quote the address in errors, because that of a webhook
// is a secret.
func parseEndpoint(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, errors.New("is not an http or https address")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("must not contain a user, a query or a fragment")
	}
	return u, nil
}

// Client posts to one workspace.
type Client struct {
	known          knownChannels
	token, webhook string
	api            string
	endpoint       *url.URL // of the webhook or the API
	userAgent      string
	transport      http.RoundTripper
	redact         *privacy.Gate
}

// call is the transport of one attempt. It sets headers, limits the reply and
// keeps what the library does not pass on.
type call struct {
	client   *Client
	delivery params.Delivery

	err    error // if there was no reply
	status int
	header http.Header
	reply  string // excerpt of a reply other than 200
	ack    []byte // body of an incoming webhook's 200
	resp   *http.Response
	read   []byte // the beginning of the body
	most   int    // bytes of it; keptReply if 0
	limit  int64  // bytes of the body that are read; longestReply if 0
}

// RoundTrip sends one request.
func (c *call) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(outbound.Allow(r.Context(), c.client.endpoint))
	outbound.SetHeaders(r.Header, c.delivery, c.client.userAgent)
	x := c.delivery.Exchange
	x.Begin()
	x.Sent(params.Sent{IdempotencyKey: c.delivery.Key})
	resp, err := outbound.Call(c.client.transport, r.WithContext(outbound.Timed(r.Context(), x)))
	if err != nil {
		c.err = err
		return nil, err
	}
	c.resp, c.status, c.header = resp, resp.StatusCode, resp.Header
	resp.Body = boundedBody(io.TeeReader(resp.Body, c), resp.Body, cmp.Or(c.limit, longestReply))
	switch {
	case resp.StatusCode != http.StatusOK:
		c.reply = c.readExcerpt(resp)
	case c.client.webhook != "":
		if c.ack, c.err = io.ReadAll(io.LimitReader(resp.Body, 4096)); c.err != nil {
			resp.Body.Close()
			return nil, c.err
		}
	}
	return resp, nil
}

// keptReply bounds what is kept of a reply for the history, in bytes.
const keptReply = 8 << 10

// Write keeps the beginning of the reply.
func (c *call) Write(p []byte) (int, error) {
	c.read = append(c.read, p[:min(len(p), cmp.Or(c.most, keptReply)-len(c.read))]...)
	return len(p), nil
}

// failed notes the reply of a call that failed.
func (c *call) failed(err error) error {
	if c.resp != nil {
		c.delivery.Exchange.Answered(outbound.NewReply(c.resp, c.read[:min(len(c.read), keptReply)], c.client.redact))
	}
	return err
}

func (c *call) http() *http.Client {
	return &http.Client{
		Transport:     c,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
