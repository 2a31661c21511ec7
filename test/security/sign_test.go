package security

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestOutgoingCallsAreSigned checks the signature of a call as its receiver
// would by the Standard Webhooks scheme.
func TestOutgoingCallsAreSigned(t *testing.T) {
	t.Parallel()
	calls := &listener{}
	server := httptest.NewServer(calls)
	t.Cleanup(server.Close)
	key := bytes.Repeat([]byte("k"), 24)
	p := testkit.Start(t, testkit.Serve{
		Env: []string{"SIGN=whsec_" + base64.StdEncoding.EncodeToString(key)},
		Rules: fmt.Sprintf("connections: { crm: { kind: http, base_url: %s, sign: \"${{ env.SIGN }}\" } }\n"+
			"rules:\n  - { name: r, event: scheduling.*, actions: [{ http: { connection: crm, url: /x, json: { a: 1 } } }] }\n", server.URL),
	})
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "e1"))
	testkit.Eventually(t, "the call", func() bool { return len(calls.below("/x")[""]) == 1 })
	c := calls.below("/x")[""][0]
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(c.header.Get("Webhook-Id") + "." + c.header.Get("Webhook-Timestamp") + "." + c.body))
	if got, want := c.header.Get("Webhook-Signature"), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("signature %q, want %q", got, want)
	}
	if id := c.header.Get("Webhook-Id"); id == "" || id != c.header.Get("Idempotency-Key") {
		t.Errorf("id %q is not the key of the call", id)
	}
	if strings.Contains(p.Log(), "whsec_") {
		t.Error("the log holds the secret")
	}
}
