package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/sample"
)

const (
	receiverPath    = "/webhooks/cirrus-insight"
	signatureHeader = "X-Cirrus-Signature"
	// someActions makes every fifth event one that a rule answers, onlyActions
	// every event.
	someActions = 5
	onlyActions = 1
)

// delivery is one event, ready to be written to a connection.
type delivery struct {
	id      string
	request []byte
	acted   bool // a rule starts an action for it
}

// deliveries makes n events with ids of their own, about meetings of their
// own, every actionEach-th with an action. All is written and signed before the
// clock starts.
func deliveries(n int, prefix, host string, actionEach int) ([]delivery, error) {
	now := time.Now()
	list := make([]delivery, n)
	for i := range list {
		d := &list[i]
		d.id = fmt.Sprintf("%s-%06d", prefix, i)
		d.acted = i%actionEach == 0
		eventType := event.TypeScheduled
		if d.acted {
			eventType = event.TypeCanceled
		}
		body, err := sample.Body(eventType, d.id, now)
		if err != nil {
			return nil, err
		}
		d.request = signedRequest(host, body)
	}
	return list, nil
}

func signedRequest(host string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(signingSecret))
	mac.Write(body)
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%s: %s\r\nContent-Length: %d\r\n\r\n",
		receiverPath, host, signatureHeader, hex.EncodeToString(mac.Sum(nil)), len(body))
	return append([]byte(head), body...)
}
