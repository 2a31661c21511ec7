package send

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/receiver"
)

// reply is the response of the receiver.
type reply struct {
	Status  int    `json:"http_status"`
	EventID string `json:"eventId,omitempty"`
	Outcome string `json:"status,omitempty"`
	Body    string `json:"body"`
}

// Post signs body and delivers it once.
func Post(ctx context.Context, address string, body []byte, settings receiver.Signature) (reply, error) {
	headers, err := receiver.Sign(settings, body, time.Now())
	if err != nil {
		return reply{}, err
	}
	if u, err := url.Parse(address); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return reply{}, usage.Errorf("--url %q: write it with http:// or https://, such as http://127.0.0.1:8080%s", address, receiver.DefaultPath)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return reply{}, usage.Errorf("--url: %w", err)
	}
	req.Header = headers
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}, unreachable(address, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return reply{}, fmt.Errorf("read the answer: %w", err)
	}
	r := reply{Status: res.StatusCode, Body: strings.TrimSpace(string(answer))}
	r.EventID, r.Outcome = parseAnswer(answer)
	return r, nil
}

func parseAnswer(answer []byte) (eventID, outcome string) {
	var a struct {
		EventID string `json:"eventId"`
		Status  string `json:"status"`
	}
	if json.Unmarshal(answer, &a) != nil {
		return "", ""
	}
	return a.EventID, a.Status
}

// unreachable returns the error of an address that does not answer.
func unreachable(address string, err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		address, err = outer.URL, outer.Err // without a password
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	return fmt.Errorf("send the event to %s: %w; is Gavel running there?", address, err)
}
