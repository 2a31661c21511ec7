package httpcall_test

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/actions/httpcall"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
)

func load(t *testing.T, source string) *rules.Set {
	t.Helper()
	set, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(source)}}, rules.Options{Kinds: kinds(t)})
	if set == nil {
		t.Fatal(findings.Error())
	}
	return set
}

func answer(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		_, _ = w.Write([]byte(body))
	}
}

// TestReplyThatIsNotWhatItSeems lets a second action use the reply of a first,
// as it comes out of the store.
func TestReplyThatIsNotWhatItSeems(t *testing.T) {
	t.Parallel()
	check := func(contentType, body, use, want string) {
		t.Helper()
		p := newPeer(t, answer(contentType, body))
		set := load(t, `
connections: { crm: { kind: http, base_url: "`+p.URL+`" } }
rules:
  - name: try
    event: scheduling.*
    actions:
      - { id: find, http: { connection: crm, url: /x, max_response: 1KiB } }
      - { http: { connection: crm, url: /y, json: { a: '${{ `+use+` }}' } } }
`)
		rule, ev := set.Rules[0], actionstest.Event(t)
		first, err := rule.Actions[0].Action.Prepare(set.Scope(rule, ev, language.ScopeOptions{Now: time.Unix(0, 0)}))
		if err != nil {
			t.Fatal(err)
		}
		result, err := first.Do(t.Context(), actionstest.Delivery())
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(result)
		if err != nil {
			t.Fatal(err)
		}
		stored := &httpcall.Result{}
		if err := json.Unmarshal(raw, stored); err != nil {
			t.Fatal(err)
		}
		_, err = rule.Actions[1].Action.Prepare(set.Scope(rule, ev, language.ScopeOptions{Now: time.Unix(0, 0), Results: map[string]any{"find": stored}}))
		got := "fine"
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) || strings.Contains(got, "invalid operation") || strings.Contains(got, "uint8") {
			t.Errorf("%s %.40q, %s: %q, want %q", contentType, body, use, got, want)
		}
	}
	const html = "<html>Sign in</html>"
	for _, use := range []string{
		"actions.find.body.id", "len(actions.find.body.items) == 0", "int(actions.find.body)", "actions.find.body[0].id", "actions.find.body.items ?? []",
		`get(actions.find.body, "id")`, "filter(actions.find.body, .id == 1)",
	} {
		check("text/html; charset=utf-8", html, use, "the reply of find is text/html, not JSON")
	}
	check("application/xml", "<a/>", "actions.find.body.id", "the reply of find is application/xml, not JSON")
	check("", `{"id":1}`, "actions.find.body.id", "the reply of find has no Content-Type and is treated as text")
	check("application/json", `{"id":1,"items":[`, "actions.find.body.id", "the reply of find is incomplete JSON")
	check("application/json", html, "actions.find.body.id", "the reply of find is not valid JSON despite its Content-Type")
	check("application/json", `{"a":"`+strings.Repeat("x", 2000)+`"}`, "actions.find.body.a", "the reply of find was cut at 1.0 KiB, which is max_response")
	check("text/html", html, "actions.find.body", "fine")
	check("application/json", `{"id":"7"}`, "int(actions.find.body.id)", "fine")
	check("application/json", `"seven"`, "actions.find.body", "fine")
	check("application/json", "", "actions.find.body.id", "fine")
}

// TestCharsets reads the same name from replies in several encodings.
func TestCharsets(t *testing.T) {
	t.Parallel()
	check := func(contentType, body string) {
		t.Helper()
		p := newPeer(t, answer(contentType, body))
		result, err := p.rig(t, `{ connection: crm, url: /x }`).Do(t.Context())
		if err != nil {
			t.Errorf("%s: %v", contentType, err)
			return
		}
		object, _ := result.(*httpcall.Result).Body.(map[string]any)
		if object["name"] != "Zoë Müller" {
			t.Errorf("%s %q: body is %v", contentType, body, result.(*httpcall.Result).Body)
		}
	}
	check("application/json", `{"name":"Zoë Müller"}`)
	check("application/json", "\ufeff"+`{"name":"Zoë Müller"}`)
	check("application/json; charset=utf-8", "\ufeff"+`{"name":"Zoë Müller"}`)
	check("application/json; charset=iso-8859-1", "{\"name\":\"Zo\xeb M\xfcller\"}")
	check("application/json; charset=cp437-or-so", "{\"name\":\"Zo\xeb M\xfcller\"}")
	check("application/json", "{\"name\":\"Zo\xeb M\xfcller\"}")
	check("application/json; charset=utf-16le", "{\x00\"\x00n\x00a\x00m\x00e\x00\"\x00:\x00\"\x00Z\x00o\x00\xeb\x00 \x00M\x00\xfc\x00l\x00l\x00e\x00r\x00\"\x00}\x00")
	check("application/json", "\xff\xfe{\x00\"\x00n\x00a\x00m\x00e\x00\"\x00:\x00\"\x00Z\x00o\x00\xeb\x00 \x00M\x00\xfc\x00l\x00l\x00e\x00r\x00\"\x00}\x00")

	p := newPeer(t, answer("text/plain", "ab€uro"))
	result, err := p.rig(t, `{ connection: crm, url: /x, max_response: 4B }`).Do(t.Context())
	if err != nil || result.(*httpcall.Result).Body != "ab" {
		t.Errorf("a cut character: %+v, %v", result, err)
	}
}

// TestReplyBrokenOff has a peer that promises more than it sends.
func TestReplyBrokenOff(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func(c net.Conn) { c.Close() }(conn)
		_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"id\":"))
	})
	_, err := p.rig(t, `{ connection: crm, url: /x }`).Do(t.Context())
	if f := actionstest.Failure(t, err); f.Cause != event.CauseNetwork || !strings.Contains(f.Text, "cut off its reply after 6 bytes") {
		t.Errorf("failure is %+v", f)
	}
}

// TestTimeouts has timeouts on the connection and on the action.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	p := newPeer(t, noContent)
	check := func(connection, action string, want time.Duration) {
		t.Helper()
		set := load(t, `
connections: { crm: { kind: http, base_url: "`+p.URL+`"`+connection+` } }
rules: [ { name: try, event: "*", actions: [ { http: { connection: crm, url: /x }`+action+` } ] } ]
`)
		rule := set.Rules[0]
		if got := rule.Actions[0].Timeout; got != want {
			t.Errorf("connection %q, action %q: %v, want %v", connection, action, got, want)
		}
		effect, err := rule.Actions[0].Action.Prepare(set.Scope(rule, actionstest.Event(t), language.ScopeOptions{Now: time.Unix(0, 0)}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := effect.Do(t.Context(), actionstest.Delivery()); err != nil {
			t.Errorf("connection %q, action %q: %v", connection, action, err)
		}
	}
	check("", "", 30*time.Second)
	check(", timeout: 10s", "", 10*time.Second)
	check(", timeout: 10s", ", timeout: 90s", 90*time.Second)
	check(", timeout: 1ms", ", timeout: 90s", 90*time.Second) // the connection's does not cut
	check(", timeout: 90s", ", timeout: 10s", 10*time.Second)
	check("", ", timeout: 90s", 90*time.Second)
}
