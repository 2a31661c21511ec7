package standin_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/smtp"
	"net/url"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/internal/standin"
)

// start starts a stand-in and stops it with the test.
func start[T interface {
	Start(string) error
	Stop(context.Context) error
}](t *testing.T, s T) T {
	t.Helper()
	if err := s.Start(""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func post(t *testing.T, target, contentType, body string, header map[string]string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

func TestStopIsSafeAtAnyTime(t *testing.T) {
	t.Parallel()
	slack, crm, mail := standin.NewSlack(standin.SlackOptions{}), standin.NewCRM(standin.CRMOptions{}), standin.NewSMTP(standin.SMTPOptions{})
	for _, stop := range []func(context.Context) error{slack.Stop, crm.Stop, mail.Stop} {
		if err := stop(t.Context()); err != nil {
			t.Errorf("before start: %v", err)
		}
	}
	for _, s := range []interface {
		Start(string) error
		Stop(context.Context) error
	}{slack, crm, mail} {
		if err := s.Start(""); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.Stop(t.Context()); err != nil {
				t.Errorf("after start: %v", err)
			}
		}
	}
}

func TestSlack(t *testing.T) {
	t.Parallel()
	s := start(t, standin.NewSlack(standin.SlackOptions{Token: "xoxb-1", Channels: []string{"#a"}}))
	var told []string
	s.On(func(m standin.SlackMessage) { told = append(told, m.Text) })
	check := func(body, want string) {
		t.Helper()
		if _, got := post(t, s.APIURL()+"chat.postMessage", "application/x-www-form-urlencoded", body, nil); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	check("channel=%23a&text=x", "not_authed")
	check("token=wrong&channel=%23a&text=x", "invalid_auth")
	check("token=xoxb-1&channel=%23b&text=x", "channel_not_found")
	check("token=xoxb-1&channel=%23a", "no_text")
	check("token=xoxb-1&channel=%23a&text=first", `"ok":true`)
	s.RefuseNext(1, "is_archived")
	check("token=xoxb-1&channel=%23a&text=x", "is_archived")
	s.FailNext(1, http.StatusTooManyRequests, http.Header{"Retry-After": {"1"}})
	if status, _ := post(t, s.WebhookURL(), "application/json", `{"text":"x"}`, nil); status != http.StatusTooManyRequests {
		t.Errorf("status %d, want 429", status)
	}
	if status, body := post(t, s.WebhookURL(), "application/json", `{"text":"second"}`, nil); status != http.StatusOK || body != "ok" {
		t.Errorf("webhook answers %d %s", status, body)
	}
	if got := s.Received(); len(got) != 2 || got[0].TS == "" || !got[1].Webhook || strings.Join(told, " ") != "first second" {
		t.Errorf("received %+v, told %v", got, told)
	}
}

func TestCRM(t *testing.T) {
	t.Parallel()
	c := start(t, standin.NewCRM(standin.CRMOptions{ClientID: "id", ClientSecret: "secret"}))
	create := func(token, key string) (int, string) {
		return post(t, c.URL()+"/contacts", "application/json", `{"email":"Ada@acme.example"}`,
			map[string]string{"Authorization": "Bearer " + token, "Idempotency-Key": key})
	}
	if status, _ := create("none", "k"); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", status)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"id"}, "client_secret": {"secret"}}
	_, raw := post(t, c.TokenURL(), "application/x-www-form-urlencoded", form.Encode(), nil)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(raw), &token); err != nil || token.AccessToken == "" {
		t.Fatalf("token: %s (%v)", raw, err)
	}
	_, first := create(token.AccessToken, "k1")
	status, again := create(token.AccessToken, "k1")
	_, second := create(token.AccessToken, "k2")
	if status != http.StatusCreated || first != again || first == second {
		t.Errorf("answers are %s, %s, %s", first, again, second)
	}
	if calls := c.Received(); len(calls) != 3 || !calls[1].Repeat || calls[2].Repeat {
		t.Errorf("calls are %+v", calls)
	}
	c.RevokeTokens()
	if status, _ := create(token.AccessToken, "k3"); status != http.StatusUnauthorized {
		t.Errorf("with a revoked token: %d", status)
	}
}

func TestSMTP(t *testing.T) {
	t.Parallel()
	s := start(t, standin.NewSMTP(standin.SMTPOptions{Username: "u", Password: "p"}))
	send := func(auth smtp.Auth) error {
		return smtp.SendMail(s.Addr(), auth, "a@acme.example", []string{"b@x.example"},
			[]byte("Subject: =?utf-8?q?Z=C3=BCrich?=\r\nMessage-ID: <1@acme.example>\r\n\r\nHello\r\n"))
	}
	if err := send(nil); err == nil {
		t.Error("mail without sign-in was taken")
	}
	if err := send(smtp.PlainAuth("", "u", "wrong", s.Host())); err == nil {
		t.Error("mail with a wrong password was taken")
	}
	auth := smtp.PlainAuth("", "u", "p", s.Host())
	s.FailNext(1, 451, "later")
	if err := send(auth); err == nil || !strings.Contains(err.Error(), "451") {
		t.Errorf("ordered failure: %v", err)
	}
	if err := send(auth); err != nil {
		t.Fatal(err)
	}
	got := s.Received()
	if len(got) != 1 || got[0].Subject != "Zürich" || got[0].MessageID != "<1@acme.example>" || got[0].Text != "Hello\n" || got[0].To[0] != "b@x.example" {
		t.Errorf("received %+v", got)
	}
}
