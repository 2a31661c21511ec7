package httpcall_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/actions/httpcall"
	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/rules/params"
)

func kinds(t testing.TB) params.Kinds {
	t.Helper()
	transport := outbound.NewTransport(outbound.Options{})
	t.Cleanup(transport.CloseIdleConnections)
	deps := httpcall.Deps{Transport: transport, UserAgent: "gavel/test"}
	return params.Kinds{
		Actions:     []params.Kind{httpcall.Kind(deps)},
		Connections: []params.ConnectionKind{httpcall.ConnectionKind(deps)},
	}
}

const secret = "very-secret-key"

func noContent(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

func TestContract(t *testing.T) {
	t.Parallel()
	for name, auth := range map[string]string{
		"none":   "{}",
		"bearer": `{ bearer: "${{ env.KEY }}" }`,
		"basic":  `{ basic: { username: gavel, password: "${{ env.KEY }}" } }`,
		"header": `{ header: { name: X-Crm-Key, value: "${{ env.KEY }}" } }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			actionstest.HTTPContract(t, subject(t, auth))
		})
	}
}

// TestContractWithOAuth has a token endpoint that always works, and gives a
// token that is a secret, too.
func TestContractWithOAuth(t *testing.T) {
	t.Parallel()
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"secret-access-token","token_type":"bearer","expires_in":3600}`))
	}))
	t.Cleanup(tokens.Close)
	s := subject(t, `{ oauth2: { token_url: "`+tokens.URL+`", client_id: gavel, client_secret: "${{ env.KEY }}" } }`)
	s.Secrets = append(s.Secrets, "secret-access-token")
	actionstest.HTTPContract(t, s)
}

func subject(t *testing.T, auth string) actionstest.HTTPSubject {
	return actionstest.HTTPSubject{
		Kinds: kinds(t), Joins: true,
		Rules: func(url string) string {
			return `
connections:
  crm: { kind: http, base_url: "` + url + `/api", headers: { X-Tenant: "${{ env.TENANT }}" }, auth: ` + auth + ` }
rules:
  - name: try
    event: scheduling.*
    actions:
      - http: { connection: crm, url: "/contacts/${{ meeting.id }}", query: { email: "${{ meeting.meetingInfo.primaryInvitee }}" } }
`
		},
		Env:     map[string]string{"KEY": secret, "TENANT": "secret-tenant"},
		Secrets: []string{secret, "secret-tenant", "Z2F2ZWw6dmVyeS1zZWNyZXQta2V5"},
		Accept:  noContent,
	}
}
