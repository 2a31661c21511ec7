package testkit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event/sample"
)

// Secret signs the events of a Process that was started without one.
const Secret = "testkit-signing-secret"

// ReceiverPath is where events are posted.
const ReceiverPath = "/webhooks/cirrus-insight"

// SignatureHeader is the header that carries the signature by default.
const SignatureHeader = "X-Cirrus-Signature"

// Answer is the response of the receiver to an event.
type Answer struct {
	Code    int
	Header  http.Header
	Body    string
	EventID string
	Status  string // accepted or duplicate
}

// Sign returns the signature of body: HMAC-SHA256, in hex.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// Post sends one signed event to the receiver at base and returns its
// response. The error is a broken connection, as when the process is killed.
func Post(t testing.TB, client *http.Client, base, secret string, body []byte) (Answer, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+ReceiverPath, bytes.NewReader(body))
	if err != nil {
		t.Fatalf("make the request: %v", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(SignatureHeader, Sign(secret, body))
	res, err := client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Code: res.StatusCode, Header: res.Header, Body: string(text)}
	var fields struct{ EventID, Status string }
	if json.Unmarshal(text, &fields) == nil {
		a.EventID, a.Status = fields.EventID, fields.Status
	}
	return a, nil
}

// Sample returns the body of a made-up event, with the values set: a path such
// as "meeting.meetingOwner.username", then its value, and so on.
func Sample(t testing.TB, eventType, id string, set ...string) []byte {
	t.Helper()
	body, err := sample.Body(eventType, id, time.Now())
	if err != nil {
		t.Fatalf("make a sample event: %v", err)
	}
	if len(set)%2 != 0 {
		t.Fatalf("set wants pairs of path and value, got %q", set)
	}
	for i := 0; i < len(set); i += 2 {
		if body, err = sample.Set(body, set[i], set[i+1]); err != nil {
			t.Fatalf("set %s: %v", set[i], err)
		}
	}
	return body
}
