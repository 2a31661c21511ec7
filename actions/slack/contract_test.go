package slack_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/actions/slack"
	"github.com/gavel-rules/gavel/rules/params"
)

const token = "xoxb-1234-very-secret"

func kinds(t testing.TB) params.Kinds {
	t.Helper()
	transport := outbound.NewTransport(outbound.Options{})
	t.Cleanup(transport.CloseIdleConnections)
	return params.Kinds{
		Actions:     []params.Kind{slack.Kind()},
		Connections: []params.ConnectionKind{slack.ConnectionKind(slack.Deps{Transport: transport, UserAgent: "gavel/test"})},
	}
}

func TestContractWithToken(t *testing.T) {
	t.Parallel()
	actionstest.HTTPContract(t, actionstest.HTTPSubject{
		Kinds: kinds(t),
		Rules: func(url string) string {
			return `
connections:
  slack: { token: "${{ env.TOKEN }}", api_url: ` + url + `/api }
rules:
  - name: try
    event: scheduling.*
    actions:
      - slack: { channel: "#sales", text: "Booked by ${{ meeting.meetingInfo.primaryInviteeName }}" }
`
		},
		Env:     map[string]string{"TOKEN": token},
		Secrets: []string{token},
		Accept: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"ok":true,"channel":"C1","ts":"1.2"}`)
		},
	})
}

func TestContractWithWebhook(t *testing.T) {
	t.Parallel()
	actionstest.HTTPContract(t, actionstest.HTTPSubject{
		Kinds: kinds(t),
		Rules: func(url string) string {
			return `
connections:
  slack: { webhook_url: "` + url + `/services/${{ env.HOOK }}" }
rules:
  - name: try
    event: scheduling.*
    actions:
      - slack: { text: "Booked by ${{ meeting.meetingInfo.primaryInviteeName }}" }
`
		},
		Env:     map[string]string{"HOOK": "T0/B0/very-secret-hook"},
		Secrets: []string{"very-secret-hook"},
		Accept:  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") },
	})
}
