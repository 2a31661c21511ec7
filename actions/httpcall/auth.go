package httpcall

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/values"
)

type auth struct {
	Bearer    values.Secret  `yaml:"bearer" doc:"Token for the Authorization header." example:"${{ env.CRM_TOKEN }}"`
	Basic     *basicAuth     `yaml:"basic" doc:"User name and password."`
	Header    *headerAuth    `yaml:"header" doc:"A key in a header of its own."`
	OAuth2    *oauth2Auth    `yaml:"oauth2" doc:"OAuth 2.0 client credentials."`
	JWTBearer *jwtBearerAuth `yaml:"jwt_bearer" doc:"OAuth 2.0 JWT bearer (Salesforce, Google)."`
}

type basicAuth struct {
	Username string        `yaml:"username" required:"true" doc:"User name."`
	Password values.Secret `yaml:"password" required:"true" doc:"Password." example:"${{ env.CRM_PASSWORD }}"`
}

type headerAuth struct {
	Name  string        `yaml:"name" required:"true" doc:"Name of the header." example:"X-Api-Key"`
	Value values.Secret `yaml:"value" required:"true" doc:"Value of the header." example:"${{ env.CRM_KEY }}"`
}

func (a *auth) secrets() []string {
	out := []string{a.Bearer.Reveal()}
	if a.Basic != nil {
		out = append(out, a.Basic.Password.Reveal(), basicValue(a.Basic))
	}
	if a.Header != nil {
		out = append(out, a.Header.Value.Reveal())
	}
	if a.OAuth2 != nil {
		out = append(out, a.OAuth2.ClientSecret.Reveal())
	}
	return out
}

func basicValue(b *basicAuth) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(b.Username, b.Password.Reveal())
	return r.Header.Get("Authorization")[len("Basic "):]
}

// pass are the credentials of one call.
type pass struct {
	header, value string
	// instance is the instance_url that came with a token; may be nil.
	instance *url.URL
}

// authorizer returns the credentials for a call.
type authorizer interface {
	pass(ctx context.Context) (pass, error)
	// refused is called when the peer rejected p. It reports whether to try
	// again with a new pass.
	refused(p pass) bool
}

// fixed is a pass that never changes.
type fixed pass

func (f fixed) pass(context.Context) (pass, error) { return pass(f), nil }

func (f fixed) refused(pass) bool { return false }

func (c *connection) openAuth(cl *Client) error {
	a := &c.Auth
	var ways []string
	add := func(given bool, name string) {
		if given {
			ways = append(ways, name)
		}
	}
	add(!a.Bearer.IsZero(), "bearer")
	add(a.Basic != nil, "basic")
	add(a.Header != nil, "header")
	add(a.OAuth2 != nil, "oauth2")
	add(a.JWTBearer != nil, "jwt_bearer")
	if len(ways) > 1 {
		return &params.FieldError{Field: "auth." + ways[1], Err: errors.New("only one way to sign in is allowed, and auth." + ways[0] + " is given already")}
	}
	if len(ways) == 0 {
		return nil
	}
	var err error
	switch ways[0] {
	case "bearer":
		cl.auth, err = openFixed("auth.bearer", "Authorization", "Bearer "+a.Bearer.Reveal())
	case "basic":
		cl.auth, err = openFixed("auth.basic", "Authorization", "Basic "+basicValue(a.Basic))
	case "header":
		if err := checkHeader(a.Header.Name, ""); err != nil {
			return &params.FieldError{Field: "auth.header.name", Err: err}
		}
		cl.auth, err = openFixed("auth.header.value", a.Header.Name, a.Header.Value.Reveal())
	case "oauth2":
		cl.auth, err = a.OAuth2.open(cl)
	case "jwt_bearer":
		a.JWTBearer.files = c.deps.KeyFiles
		cl.auth, err = a.JWTBearer.open(cl)
	}
	return err
}

func openFixed(field, header, value string) (authorizer, error) {
	if !httpguts.ValidHeaderFieldValue(value) {
		return nil, &params.FieldError{Field: field, Err: errors.New("contains a control character"), Hint: "check for a line break at its end"}
	}
	return fixed{header: header, value: value}, nil
}

// tokenOf returns the secret part of a pass, which a reply may quote by itself.
func tokenOf(p pass) string {
	if _, token, ok := strings.Cut(p.value, " "); ok {
		return token
	}
	return p.value
}
