package traffic

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/sample"
)

// What all events have, and how often one starts an action.
const (
	ReceiverPath    = "/webhooks/cirrus-insight"
	SignatureHeader = "X-Cirrus-Signature"
	// SigningSecret signs all events; every contender gets it.
	SigningSecret = "bench-signing-secret"
	// SomeActions makes every fifth event one that a rule answers, OnlyActions
	// every event.
	SomeActions = 5
	OnlyActions = 1
)

// Delivery is one event, ready to be written to a connection.
type Delivery struct {
	ID      string
	Request []byte
	Acted   bool // a rule starts an action for it
}

// Deliveries makes n events with ids of their own, about meetings of their
// own, every actionEach-th with an action. All is written and signed before the
// clock starts.
func Deliveries(n int, prefix, host string, actionEach int) ([]Delivery, error) {
	now := time.Now()
	list := make([]Delivery, n)
	for i := range list {
		d := &list[i]
		d.ID = fmt.Sprintf("%s-%06d", prefix, i)
		d.Acted = i%actionEach == 0
		eventType := event.TypeScheduled
		if d.Acted {
			eventType = event.TypeCanceled
		}
		body, err := sample.Body(eventType, d.ID, now)
		if err != nil {
			return nil, err
		}
		d.Request = signedRequest(host, body)
	}
	return list, nil
}

func signedRequest(host string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(SigningSecret))
	mac.Write(body)
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%s: %s\r\nContent-Length: %d\r\n\r\n",
		ReceiverPath, host, SignatureHeader, hex.EncodeToString(mac.Sum(nil)), len(body))
	return append([]byte(head), body...)
}
