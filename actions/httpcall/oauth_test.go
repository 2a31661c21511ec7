package httpcall_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/standin"
)

func newCRM(t *testing.T, o standin.CRMOptions) *standin.CRM {
	t.Helper()
	crm := standin.NewCRM(o)
	if err := crm.Start(""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = crm.Stop(t.Context()) })
	return crm
}

func oauthRig(t *testing.T, crm *standin.CRM, clientSecret string) *actionstest.Rig {
	t.Helper()
	return actionstest.Load(t, kinds(t), `
connections:
  crm: { kind: http, base_url: "`+crm.URL()+`", auth: { oauth2: { token_url: "`+crm.TokenURL()+`", client_id: gavel, client_secret: `+clientSecret+` } } }
rules:
  - name: try
    event: scheduling.*
    actions: [ { http: { connection: crm, url: /contacts, json: { email: "${{ meeting.meetingInfo.primaryInvitee }}" } } } ]
`, nil)
}

func TestOAuthToken(t *testing.T) {
	t.Parallel()
	crm := newCRM(t, standin.CRMOptions{ClientID: "gavel", ClientSecret: secret})
	rig := oauthRig(t, crm, secret)
	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() {
			if _, err := rig.Do(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	if n := crm.TokensIssued(); n != 1 {
		t.Errorf("%d tokens were asked for, want 1", n)
	}
	crm.RevokeTokens()
	if _, err := rig.Do(t.Context()); err != nil {
		t.Errorf("after the token was revoked: %v", err)
	}
	if n := crm.TokensIssued(); n != 2 {
		t.Errorf("%d tokens were asked for, want 2", n)
	}
	var effects int
	for _, call := range crm.Received() {
		if !call.Repeat {
			effects++
		}
	}
	if effects != 1 {
		t.Errorf("the same key had %d effects, want 1", effects)
	}
}

// TestOAuthRefusedTwice has an API that refuses even a fresh token.
func TestOAuthRefusedTwice(t *testing.T) {
	t.Parallel()
	crm := newCRM(t, standin.CRMOptions{ClientID: "gavel", ClientSecret: secret})
	p := newPeer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	rig := actionstest.Load(t, kinds(t), `
connections:
  crm: { kind: http, base_url: "`+p.URL+`", auth: { oauth2: { token_url: "`+crm.TokenURL()+`", client_id: gavel, client_secret: `+secret+` } } }
rules: [ { name: try, event: "*", actions: [ { http: { connection: crm, url: /x } } ] } ]
`, nil)
	_, err := rig.Do(t.Context())
	if f := actionstest.Failure(t, err); f.Cause != event.CauseAuth || f.Retry {
		t.Errorf("failure is %+v, want auth for good", f)
	}
	if n := len(p.seen); n != 2 {
		t.Errorf("the API was called %d times, want twice", n)
	}
}

func TestOAuthTokenEndpointFails(t *testing.T) {
	t.Parallel()
	crm := newCRM(t, standin.CRMOptions{ClientID: "gavel", ClientSecret: secret})
	_, err := oauthRig(t, crm, "wrong-secret").Do(t.Context())
	if f := actionstest.Failure(t, err); f.Cause != event.CauseAuth || f.Retry || !strings.Contains(f.Text, "invalid_client") || strings.Contains(f.Text, "wrong-secret") {
		t.Errorf("wrong secret: %+v", f)
	}
	rig := oauthRig(t, crm, secret)
	crm.FailNext(2, http.StatusServiceUnavailable, http.Header{"Retry-After": {"5"}})
	_, err = rig.Do(t.Context())
	if f := actionstest.Failure(t, err); f.Cause != event.CauseServer || !f.Retry || f.RetryAfter == 0 {
		t.Errorf("endpoint in trouble: %+v", f)
	}
	if err := crm.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = rig.Do(t.Context())
	if f := actionstest.Failure(t, err); f.Cause != event.CauseNetwork || !f.Retry {
		t.Errorf("endpoint gone: %+v", f)
	}
}

func TestJWTBearerUsesInstanceURL(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	block := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	crm := newCRM(t, standin.CRMOptions{PublicKey: &key.PublicKey})
	rig := actionstest.Load(t, kinds(t), `
connections:
  crm:
    kind: http
    auth: { jwt_bearer: { token_url: "`+crm.TokenURL()+`", issuer: gavel, subject: ops@acme.example, audience: "https://login.example", private_key: "${{ env.PEM }}" } }
rules:
  - name: try
    event: scheduling.*
    actions: [ { http: { connection: crm, url: /contacts, query: { email: ada@acme.example } } } ]
`, map[string]string{"PEM": strings.ReplaceAll(block, "\n", `\n`)})
	if preview := rig.Preview(); !strings.Contains(preview, `"(instance_url)/contacts?email=`) {
		t.Errorf("preview is %s", preview)
	}
	if _, err := rig.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	crm.RevokeTokens()
	if _, err := rig.Do(t.Context()); err != nil {
		t.Fatalf("after the session ended: %v", err)
	}
	if n := crm.TokensIssued(); n != 2 {
		t.Errorf("%d tokens were asked for, want 2", n)
	}
}

// TestInstanceOnAnotherPort has a token endpoint that sends the token to
// another service of its own host.
func TestInstanceOnAnotherPort(t *testing.T) {
	t.Parallel()
	inside := newPeer(t, noContent)
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"a-token","token_type":"bearer","instance_url":"`+inside.URL+`"}`)
	}))
	t.Cleanup(tokens.Close)
	rig := actionstest.Load(t, kinds(t), `
connections: { crm: { kind: http, auth: { oauth2: { token_url: "`+tokens.URL+`", client_id: gavel, client_secret: `+secret+` } } } }
rules: [ { name: try, event: "*", actions: [ { http: { connection: crm, url: /x } } ] } ]
`, nil)
	_, err := rig.Do(t.Context())
	if f := actionstest.Failure(t, err); f.Cause != event.CauseRefused || f.Retry || len(inside.seen) > 0 {
		t.Errorf("failure is %+v, and the other port was called %d times; want a refusal", f, len(inside.seen))
	}
}
