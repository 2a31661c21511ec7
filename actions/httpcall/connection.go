package httpcall

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/gavel-rules/gavel/internal/smallfile"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/rules/values"
)

const defaultTimeout = 30 * time.Second

// Deps are the dependencies of the kind.
type Deps struct {
	// Transport is used for all calls; see outbound.NewTransport.
	Transport *http.Transport
	UserAgent string
	KeyFiles  KeyFiles
}

// ConnectionKind describes a connection to an HTTP API.
func ConnectionKind(d Deps) params.ConnectionKind {
	return params.ConnectionKind{
		Name: "http",
		Doc:  "An HTTP API: its address, the headers that go with every call, and how to sign in.",
		New:  func() params.ConnectionParams { return &connection{deps: d} },
	}
}

type connection struct {
	BaseURL     string            `yaml:"base_url" doc:"Address to which the action's path is added. May be left out when the token's reply gives an instance_url." example:"https://crm.example/api/v2"`
	InstanceURL bool              `yaml:"instance_url" doc:"Take scheme and host from the instance_url of the token's reply, and only the path from base_url."`
	Headers     map[string]string `yaml:"headers" doc:"Headers of every call." example:"{Accept: application/json}"`
	Auth        auth              `yaml:"auth" doc:"How to authenticate; one of bearer, basic, header, oauth2, jwt_bearer."`
	Sign        values.Secret     `yaml:"sign" doc:"Secret to sign every call with, by the Standard Webhooks scheme: webhook-id, webhook-timestamp and webhook-signature." example:"${{ env.CRM_SIGNING_SECRET }}"`
	Timeout     units.Duration    `yaml:"timeout" doc:"Longest time of one attempt, for actions without their own timeout." default:"30s"`
	CAFile      string            `yaml:"ca_file" doc:"PEM file with CA certificates to trust instead of the system's." example:"/etc/gavel/crm-ca.pem"`

	deps Deps
}

// Open checks the parameters.
func (c *connection) Open() (any, error) {
	cl := &Client{userAgent: c.deps.UserAgent, headers: c.Headers, timeout: time.Duration(c.Timeout), transport: c.deps.Transport}
	if cl.timeout < 0 {
		return nil, &params.FieldError{Field: "timeout", Err: errors.New("must be positive")}
	}
	for name, value := range c.Headers {
		if err := checkHeader(name, value); err != nil {
			return nil, &params.FieldError{Field: "headers." + name, Err: err}
		}
	}
	if err := c.trust(cl); err != nil {
		return nil, &params.FieldError{Field: "ca_file", Err: err}
	}
	err := c.openAuth(cl)
	if err != nil {
		return nil, err
	}
	if err := c.openBase(cl); err != nil {
		return nil, err
	}
	if cl.signingKey, err = signingKey(c.Sign); err != nil {
		return nil, &params.FieldError{Field: "sign", Err: err, Hint: "it looks like whsec_ followed by base64"}
	}
	cl.redact = privacy.GateFor(c.secrets()...)
	return cl, nil
}

func (c *connection) openBase(cl *Client) error {
	_, issuesTokens := cl.auth.(*tokenAuth)
	switch {
	case c.InstanceURL && !issuesTokens:
		return &params.FieldError{Field: "instance_url", Err: errors.New("needs auth.oauth2 or auth.jwt_bearer, whose reply names the instance")}
	case c.BaseURL == "" && !issuesTokens:
		return &params.FieldError{Field: "base_url", Err: errors.New("is missing"), Hint: "give the address of the API, as in https://crm.example/api"}
	}
	cl.instance = c.InstanceURL || c.BaseURL == ""
	if c.BaseURL == "" {
		return nil
	}
	u, err := parseAddress(c.BaseURL)
	if err != nil {
		return &params.FieldError{Field: "base_url", Err: err}
	}
	cl.base = u
	return nil
}

// trust gives a connection with a ca_file its own transport.
func (c *connection) trust(cl *Client) error {
	if c.CAFile == "" {
		return nil
	}
	pem, err := smallfile.Read(c.CAFile)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%q contains no PEM certificate", c.CAFile)
	}
	cl.transport = c.deps.Transport.Clone()
	cl.transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return nil
}

// secrets are the values that must not appear in an error. Nearly every header
// counts, because many APIs expect their key in one.
func (c *connection) secrets() []string {
	out := append(c.Auth.secrets(), c.Sign.Reveal())
	for name, v := range c.Headers {
		if !strings.EqualFold(name, "Accept") && !strings.EqualFold(name, "Content-Type") {
			out = append(out, v)
		}
	}
	return out
}

func parseAddress(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q is not a URL", raw)
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return nil, fmt.Errorf("%q is not an http or https address with a host", raw)
	case u.User != nil:
		return nil, errors.New("must not contain a user or a password; use auth.basic")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must not contain a query or a fragment; give the query in the action")
	case dotted(u.EscapedPath()):
		return nil, errors.New(`must not contain the path segments "." or ".."`)
	}
	return u, nil
}

// ownHeaders are set by Gavel or by the transport.
const ownHeaders = " host content-length transfer-encoding connection trailer upgrade idempotency-key te keep-alive proxy-connection expect "

func checkHeader(name, value string) error {
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		return fmt.Errorf("%q is not a header name", name)
	case strings.Contains(ownHeaders, " "+strings.ToLower(name)+" "):
		return fmt.Errorf("%q is set by gavel itself", name)
	case !httpguts.ValidHeaderFieldValue(value):
		return errors.New("its value contains a control character")
	}
	return nil
}

// Client calls one API.
type Client struct {
	base     *url.URL // nil when only the token's reply names the address
	instance bool     // scheme and host come with the token
	headers  map[string]string
	auth     authorizer // nil for none
	// signingKey signs every call; nil means unsigned.
	signingKey []byte
	timeout    time.Duration // of a try, unless the action has one; 0 means the default
	transport  *http.Transport
	userAgent  string
	redact     *privacy.Gate
}

// TryTimeout implements rules.Timed.
func (cl *Client) TryTimeout() time.Duration { return cl.timeout }
