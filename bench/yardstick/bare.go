package yardstick

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// This file is frozen: it is what Gavel's speed is measured against, so it must
// not change when Gavel changes, and shares no code with it.

const (
	receiverPath    = "/webhooks/cirrus-insight"
	signatureHeader = "X-Cirrus-Signature"
	largestBody     = 1 << 20
)

// Bare verifies, decodes and answers, and keeps nothing. It is what a developer
// writes by hand for seven fields.
func Bare(secret []byte) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/ready", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST "+receiverPath, func(w http.ResponseWriter, r *http.Request) {
		if ev, _, ok := receive(w, r, secret); ok {
			answer(w, ev.ID)
		}
	})
	return mux
}

// notice is what a handler needs to know of an event.
type notice struct {
	ID      string `json:"eventId"`
	Type    string `json:"eventType"`
	Meeting struct {
		ID    string    `json:"id"`
		Start time.Time `json:"meetingStart"`
		Owner struct {
			Username string `json:"username"`
		} `json:"meetingOwner"`
		Info struct {
			Name    string `json:"meetingName"`
			Invitee string `json:"primaryInvitee"`
		} `json:"meetingInfo"`
	} `json:"data"`
}

func (n *notice) complete() bool {
	m := &n.Meeting
	return n.ID != "" && n.Type != "" && m.ID != "" && m.Info.Name != "" && !m.Start.IsZero() &&
		m.Owner.Username != "" && m.Info.Invitee != ""
}

// matches is the rule that all contenders carry out.
func (n *notice) matches() bool {
	return n.Type == "scheduling.smartscheduler.canceled" && strings.HasSuffix(n.Meeting.Owner.Username, "@acme.example")
}

// receive reads one event, or refuses the request.
func receive(w http.ResponseWriter, r *http.Request, secret []byte) (*notice, []byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return nil, nil, false
	}
	got, err := hex.DecodeString(r.Header.Get(signatureHeader))
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	if err != nil || !hmac.Equal(got, mac.Sum(nil)) {
		w.WriteHeader(http.StatusUnauthorized)
		return nil, nil, false
	}
	var ev notice
	if err := json.Unmarshal(body, &ev); err != nil || !ev.complete() {
		w.WriteHeader(http.StatusBadRequest)
		return nil, nil, false
	}
	return &ev, body, true
}

func answer(w http.ResponseWriter, id string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"eventId":%q,"status":"accepted"}`, id)
}
