package httpcall

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/jwt"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/values"
)

type oauth2Auth struct {
	TokenURL     string            `yaml:"token_url" required:"true" doc:"Token endpoint." example:"https://login.crm.example/oauth2/token"`
	ClientID     string            `yaml:"client_id" required:"true" doc:"The client's id."`
	ClientSecret values.Secret     `yaml:"client_secret" required:"true" doc:"The client's secret." example:"${{ env.CRM_SECRET }}"`
	Scopes       []string          `yaml:"scopes" doc:"Scopes to request."`
	Audience     string            `yaml:"audience" doc:"Sent as the parameter audience."`
	Params       map[string]string `yaml:"params" doc:"More parameters of the token request."`
	AuthStyle    string            `yaml:"auth_style" enum:"auto,header,body" default:"auto" doc:"Where the client's id and secret go."`
}

func (o *oauth2Auth) open(cl *Client) (authorizer, error) {
	endpoint, err := parseTokenURL(o.TokenURL)
	if err != nil {
		return nil, &params.FieldError{Field: "auth.oauth2.token_url", Err: err}
	}
	settings := url.Values{}
	for k, v := range o.Params {
		if k == "grant_type" || k == "scope" || k == "client_id" || k == "client_secret" {
			return nil, &params.FieldError{Field: "auth.oauth2.params." + k, Err: errors.New("has its own setting")}
		}
		settings.Set(k, v)
	}
	if o.Audience != "" {
		settings.Set("audience", o.Audience)
	}
	style := map[string]oauth2.AuthStyle{"header": oauth2.AuthStyleInHeader, "body": oauth2.AuthStyleInParams}[o.AuthStyle]
	config := &clientcredentials.Config{
		ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(), TokenURL: endpoint.String(),
		Scopes: o.Scopes, EndpointParams: settings, AuthStyle: style,
	}
	return newTokenAuth(cl, endpoint, config.Token), nil
}

type jwtBearerAuth struct {
	TokenURL       string        `yaml:"token_url" required:"true" doc:"Token endpoint." example:"https://login.crm.example/services/oauth2/token"`
	Issuer         string        `yaml:"issuer" required:"true" doc:"The client id of the app."`
	Subject        string        `yaml:"subject" doc:"The user to act as."`
	Audience       string        `yaml:"audience" doc:"Who the assertion is for; the token_url when left out." example:"https://login.crm.example"`
	PrivateKey     values.Secret `yaml:"private_key" doc:"RSA key in PEM form." example:"${{ env.CRM_KEY_PEM }}"`
	PrivateKeyFile string        `yaml:"private_key_file" doc:"File with the RSA key, instead of private_key. It must be in the folder of --secrets-dir or in that of the rules."`
	KeyID          string        `yaml:"key_id" doc:"The kid of the assertion's header."`
	Scopes         []string      `yaml:"scopes" doc:"Scopes to request."`

	files KeyFiles
}

// assertionLife is short because Salesforce rejects more than three minutes.
const assertionLife = 2 * time.Minute

func (j *jwtBearerAuth) open(cl *Client) (authorizer, error) {
	endpoint, err := parseTokenURL(j.TokenURL)
	if err != nil {
		return nil, &params.FieldError{Field: "auth.jwt_bearer.token_url", Err: err}
	}
	key, err := j.key()
	if err != nil {
		return nil, err
	}
	config := &jwt.Config{
		Email: j.Issuer, PrivateKey: key, PrivateKeyID: j.KeyID, Subject: j.Subject, Scopes: j.Scopes,
		TokenURL: endpoint.String(), Expires: assertionLife, Audience: j.Audience,
	}
	return newTokenAuth(cl, endpoint, func(ctx context.Context) (*oauth2.Token, error) {
		return config.TokenSource(ctx).Token()
	}), nil
}

func (j *jwtBearerAuth) key() ([]byte, error) {
	field := "auth.jwt_bearer.private_key"
	if j.PrivateKey.IsZero() == (j.PrivateKeyFile == "") {
		return nil, &params.FieldError{Field: field, Err: errors.New("exactly one of private_key and private_key_file is required")}
	}
	// A PEM in an environment variable often has \n for its line breaks.
	key := []byte(strings.ReplaceAll(j.PrivateKey.Reveal(), `\n`, "\n"))
	if j.PrivateKeyFile != "" {
		field += "_file"
		var err error
		if key, err = j.files.read(j.PrivateKeyFile); err != nil {
			return nil, err
		}
	}
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, &params.FieldError{Field: field, Err: errors.New("is not in PEM form"), Hint: "it begins with -----BEGIN PRIVATE KEY-----"}
	}
	if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err != nil {
		if _, err := x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			return nil, &params.FieldError{Field: field, Err: errors.New("is not an RSA key without a passphrase")}
		}
	}
	return key, nil
}

func parseTokenURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("%q is not an http or https address with a host", raw)
	}
	return u, nil
}

// tokenClient is the transport of one token request. It keeps the context and
// the error, because the library passes on neither.
type tokenClient struct {
	ctx       context.Context
	transport http.RoundTripper
	userAgent string
	err       error
}

// RoundTrip sends the token request.
func (t *tokenClient) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(t.ctx)
	if t.userAgent != "" {
		r.Header.Set("User-Agent", t.userAgent)
	}
	resp, err := outbound.Call(t.transport, r)
	t.err = err
	return resp, err
}
