package standin

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

const webhookPath = "/services/T000/B000/incoming"

// SlackOptions configure the stand-in. The zero value accepts any token and
// any channel.
type SlackOptions struct {
	// Token is the required token; empty accepts any.
	Token string
	// Channels are those that exist; empty means all do.
	Channels []string
	// Scopes are those of the token; empty means all.
	Scopes []string
	// Strangers are those of Channels that the app is not in.
	Strangers []string
}

// Slack is a stand-in for Slack's chat.postMessage, chat.update, the methods
// that read channels, and incoming webhooks. Messages have the state that people
// see.
type Slack struct {
	server
	options SlackOptions
	inbox   inbox[SlackMessage]
	script  script
	refuse  script
	wall    wall
}

// SlackMessage is one accepted message.
type SlackMessage struct {
	Channel  string          `json:"channel"`
	Text     string          `json:"text"`
	Blocks   json.RawMessage `json:"blocks,omitempty"`
	ThreadTS string          `json:"thread_ts,omitempty"`
	Username string          `json:"username,omitempty"`
	TS       string          `json:"ts,omitempty"`
	Metadata json.RawMessage `json:"metadata,omitempty"`
	// Key is the Idempotency-Key of the call.
	Key     string      `json:"-"`
	Header  http.Header `json:"-"`
	Webhook bool        `json:"-"`
	// Updated says that it changed a message, and not posted one. Edited says in
	// Messages that it was changed.
	Updated bool `json:"-"`
	Edited  bool `json:"-"`
	// ID is the id of the channel.
	ID string `json:"-"`
}

// NewSlack returns a stand-in that is not started yet.
func NewSlack(o SlackOptions) *Slack { return &Slack{options: o} }

// Start listens on addr; empty means any free port of this machine.
func (s *Slack) Start(addr string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/auth.test", s.authTest)
	mux.HandleFunc("POST /api/chat.postMessage", s.postMessage)
	mux.HandleFunc("POST /api/chat.update", s.update)
	mux.HandleFunc("POST /api/conversations.history", s.history)
	mux.HandleFunc("POST /api/conversations.replies", s.history)
	mux.HandleFunc("POST /api/conversations.list", s.list)
	mux.HandleFunc("POST /api/conversations.open", s.openDirect)
	mux.HandleFunc("POST "+webhookPath, s.postWebhook)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) { slackError(w, "unknown_method") })
	return s.start(addr, mux)
}

// APIURL returns the api_url for a slack connection.
func (s *Slack) APIURL() string { return s.URL() + "/api/" }

// WebhookURL returns the address of the incoming webhook.
func (s *Slack) WebhookURL() string { return s.URL() + webhookPath }

// Received returns the accepted messages so far.
func (s *Slack) Received() []SlackMessage { return s.inbox.received() }

// On calls f for each accepted message.
func (s *Slack) On(f func(SlackMessage)) { s.inbox.on(f) }

// FailNext answers the next n calls with an HTTP status, such as 429 with a
// Retry-After header, or 503.
func (s *Slack) FailNext(n, status int, header http.Header) {
	s.script.push(n, failure{status: status, header: header, text: `{"ok":false,"error":"ratelimited"}`})
}

// RefuseNext answers the next n calls with an error of Slack: status 200 and a
// code such as not_in_channel.
func (s *Slack) RefuseNext(n int, code string) { s.refuse.push(n, failure{text: code}) }

// refused answers a call that was prepared to fail, or whose message or token is
// not accepted.
func (s *Slack) refused(w http.ResponseWriter, r *http.Request, scopes ...string) (m SlackMessage, refused bool) {
	if f, ok := s.script.pop(); ok {
		f.write(w, "application/json")
		return m, true
	}
	if f, ok := s.refuse.pop(); ok {
		slackError(w, f.text)
		return m, true
	}
	m, token, err := readMessage(r)
	m.Channel = strings.TrimSpace(m.Channel)
	switch {
	case err != nil:
		slackError(w, "invalid_form_data")
	case token == "":
		slackError(w, "not_authed")
	case s.options.Token != "" && token != s.options.Token:
		slackError(w, "invalid_auth")
	case len(s.options.Scopes) > 0 && !slices.ContainsFunc(scopes, func(scope string) bool { return slices.Contains(s.options.Scopes, scope) }):
		writeJSON(w, http.StatusOK, map[string]any{"ok": false, "error": "missing_scope", "needed": scopes[0], "provided": strings.Join(s.options.Scopes, ",")})
	default:
		return m, false
	}
	return m, true
}

func (s *Slack) authTest(w http.ResponseWriter, r *http.Request) {
	scopes := s.options.Scopes
	if len(scopes) == 0 {
		scopes = []string{"chat:write", "channels:read", "groups:read"}
	}
	if _, refused := s.refused(w, r, scopes...); refused {
		return
	}
	w.Header().Set("X-Oauth-Scopes", strings.Join(scopes, ","))
	writeJSON(w, http.StatusOK, map[string]any{"ok": true, "user": "gavel", "team": "Acme"})
}

func (s *Slack) postMessage(w http.ResponseWriter, r *http.Request) {
	m, refused := s.refused(w, r, "chat:write")
	if refused {
		return
	}
	if name, known := s.wall.name(m.Channel); known {
		m.Channel = name
	}
	switch {
	case m.Channel == "" || len(s.options.Channels) > 0 && !slices.Contains(s.options.Channels, m.Channel):
		slackError(w, "channel_not_found")
	case m.Text == "" && len(m.Blocks) == 0:
		slackError(w, "no_text")
	default:
		m = s.wall.post(m)
		s.inbox.add(m)
		writeJSON(w, http.StatusOK, map[string]any{"ok": true, "channel": m.ID, "ts": m.TS, "message": shownMessage(m)})
	}
}

func (s *Slack) postWebhook(w http.ResponseWriter, r *http.Request) {
	if f, ok := s.script.pop(); ok {
		f.write(w, "text/plain")
		return
	}
	if f, ok := s.refuse.pop(); ok {
		http.Error(w, f.text, http.StatusForbidden)
		return
	}
	m, _, err := readMessage(r)
	if err != nil {
		http.Error(w, "invalid_payload", http.StatusBadRequest)
		return
	}
	if m.Text == "" && len(m.Blocks) == 0 {
		http.Error(w, "no_text", http.StatusBadRequest)
		return
	}
	m.Webhook = true
	s.wall.post(m)
	s.inbox.add(m)
	_, _ = io.WriteString(w, "ok")
}

// readMessage reads a message as JSON or as a form, and the token with it.
func readMessage(r *http.Request) (SlackMessage, string, error) {
	m := SlackMessage{Header: r.Header.Clone(), Key: r.Header.Get("Idempotency-Key")}
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			return m, token, fmt.Errorf("decode message: %w", err)
		}
		return m, token, nil
	}
	if err := r.ParseForm(); err != nil {
		return m, token, fmt.Errorf("parse form: %w", err)
	}
	if t := r.PostForm.Get("token"); t != "" {
		token = t
	}
	m.Channel, m.Text = r.PostForm.Get("channel"), r.PostForm.Get("text")
	m.ThreadTS, m.Username, m.TS = r.PostForm.Get("thread_ts"), r.PostForm.Get("username"), r.PostForm.Get("ts")
	if d := r.PostForm.Get("metadata"); d != "" {
		if !json.Valid([]byte(d)) {
			return m, token, fmt.Errorf("metadata is not JSON")
		}
		m.Metadata = json.RawMessage(d)
	}
	if b := r.PostForm.Get("blocks"); b != "" {
		if !json.Valid([]byte(b)) {
			return m, token, fmt.Errorf("blocks are not JSON")
		}
		m.Blocks = json.RawMessage(b)
	}
	return m, token, nil
}

func slackError(w http.ResponseWriter, code string) {
	writeJSON(w, http.StatusOK, map[string]any{"ok": false, "error": code})
}
