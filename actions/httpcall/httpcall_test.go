package httpcall_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/actions/httpcall"
	"github.com/gavel-rules/gavel/event"
)

// seen is one request as the peer saw it.
type seen struct {
	Method, URI, Body string
	Header            http.Header
}

// peer answers with h and remembers what it was asked.
type peer struct {
	*httptest.Server
	mu   sync.Mutex
	seen []seen
}

func newPeer(t *testing.T, h http.HandlerFunc) *peer {
	t.Helper()
	p := &peer{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		p.mu.Lock()
		p.seen = append(p.seen, seen{r.Method, r.RequestURI, string(body), r.Header.Clone()})
		p.mu.Unlock()
		h(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *peer) last(t *testing.T) seen {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seen) == 0 {
		t.Fatal("the peer was not called")
	}
	return p.seen[len(p.seen)-1]
}

// rig loads one http action with a connection to p below /api.
func (p *peer) rig(t *testing.T, action string) *actionstest.Rig {
	t.Helper()
	return actionstest.Load(t, kinds(t), `
connections:
  crm: { kind: http, base_url: "`+p.URL+`/a%2Fpi/", headers: { Accept: application/json }, auth: { bearer: `+secret+` } }
rules:
  - name: try
    event: scheduling.*
    actions: [ { http: `+action+` } ]
`, nil)
}

const invitee = "meeting.meetingInfo.primaryInviteeName"

func TestRequest(t *testing.T) {
	t.Parallel()
	p := newPeer(t, noContent)
	check := func(action string, want seen, wantType string) {
		t.Helper()
		if _, err := p.rig(t, action).Do(t.Context(), invitee, `A/B & "C"`, "meeting.id", "m1"); err != nil {
			t.Errorf("%s: %v", action, err)
			return
		}
		got := p.last(t)
		if h := got.Header; h.Get("Authorization") != "Bearer "+secret || h.Get("User-Agent") != "gavel/test" ||
			h.Get("Accept") != "application/json" || h.Get("Idempotency-Key") != actionstest.Delivery().Key {
			t.Errorf("%s: headers are %v", action, h)
		}
		if kind := got.Header.Get("Content-Type"); kind != wantType {
			t.Errorf("%s: content type %q, want %q", action, kind, wantType)
		}
		got.Header = nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", action, diff)
		}
	}
	const name = `${{ meeting.meetingInfo.primaryInviteeName }}`
	check(`{ connection: crm, url: / }`, seen{Method: "GET", URI: "/a%2Fpi/"}, "")
	check(`{ connection: crm, url: "/c/`+name+`?x=`+name+`", query: { n: "`+name+`", a: "1" } }`,
		seen{Method: "GET", URI: "/a%2Fpi/c/A%2FB%20&%20%22C%22?x=A%2FB+%26+%22C%22&a=1&n=A%2FB+%26+%22C%22"}, "")
	check(`{ connection: crm, url: /c, json: { name: "`+name+`", ids: ["${{ meeting.id }}"], n: 1 } }`,
		seen{Method: "POST", URI: "/a%2Fpi/c", Body: `{"ids":["m1"],"n":1,"name":"A/B & \"C\""}`}, "application/json")
	check(`{ connection: crm, method: PUT, url: /c, form: { name: "`+name+`" } }`,
		seen{Method: "PUT", URI: "/a%2Fpi/c", Body: `name=A%2FB+%26+%22C%22`}, "application/x-www-form-urlencoded")
	check(`{ connection: crm, url: /c, text: "`+name+`", headers: { Content-Type: text/csv } }`,
		seen{Method: "POST", URI: "/a%2Fpi/c", Body: `A/B & "C"`}, "text/csv")
	check(`{ connection: crm, url: "`+p.URL+`/whole" }`, seen{Method: "GET", URI: "/whole"}, "")
}

func TestValuesStayInTheirPlace(t *testing.T) {
	t.Parallel()
	p := newPeer(t, noContent)
	rig := p.rig(t, `{ connection: crm, url: "/c/${{ meeting.id }}", headers: { X-Name: "${{ meeting.meetingInfo.primaryInviteeName }}" } }`)
	for _, edits := range [][]string{
		{"meeting.id", ".."}, {"meeting.id", "."}, {"meeting.id", ""}, {"meeting.id", "../../admin"}, {"meeting.id", "x/../../admin"},
		{invitee, "Eve\r\nX-Admin: yes"}, {invitee, "Eve\x00"},
	} {
		if _, err := rig.Prepare(edits...); err == nil {
			t.Errorf("%q is let through", edits)
		}
	}
	if preview := rig.Preview("meeting.id", "a/b?x=1#y"); !strings.Contains(preview, "/a%2Fpi/c/a%2Fb%3Fx=1%23y") {
		t.Errorf("preview is %s", preview)
	}
}

func TestReply(t *testing.T) {
	t.Parallel()
	check := func(contentType, body, options string, want any, truncated bool) {
		t.Helper()
		p := newPeer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = io.WriteString(w, body)
		})
		result, err := p.rig(t, `{ connection: crm, url: /x`+options+` }`).Do(t.Context())
		if err != nil {
			t.Errorf("%s: %v", body, err)
			return
		}
		r := result.(*httpcall.Result)
		if diff := cmp.Diff(want, r.Body); diff != "" || r.Truncated != truncated || r.Status != 200 || r.Headers["content-type"] != contentType {
			t.Errorf("%s: %+v (-want +got):\n%s", body, r, diff)
		}
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var again httpcall.Result
		if err := json.Unmarshal(raw, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, &again); diff != "" {
			t.Errorf("%s changes in the store (-want +got):\n%s", body, diff)
		}
	}
	check("application/json", `{"id":9007199254740993,"ok":true,"r":1.5,"l":[1]}`, "",
		map[string]any{"id": 9007199254740993, "ok": true, "r": 1.5, "l": []any{1}}, false)
	check("application/vnd.api+json; charset=utf-8", `[]`, "", []any{}, false)
	check("application/json", ``, "", nil, false)
	check("application/json", `{"cut`, "", `{"cut`, false)
	check("text/plain", `{"a":1}`, "", `{"a":1}`, false)
	check("application/json", `{"a":"`+strings.Repeat("x", 100)+`"}`, ", max_response: 10B", `{"a":"xxxx`, true)
}

func TestExpect(t *testing.T) {
	t.Parallel()
	check := func(expect string, status int, ok bool) {
		t.Helper()
		p := newPeer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		_, err := p.rig(t, `{ connection: crm, url: /x, expect: `+expect+` }`).Do(t.Context())
		if (err == nil) != ok {
			t.Errorf("expect %s, status %d: %v", expect, status, err)
		}
	}
	check("2xx", 204, true)
	check("[200, 404]", 404, true)
	check("[200, 404]", 201, false)
	check("[2xx, 3xx]", 302, true)
	check("[5xx]", 503, true)
	check("404", 200, false)
}

func TestRedirectOnTheSameHost(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		var n int
		if _, err := fmt.Sscanf(r.URL.Query().Get("n"), "%d", &n); err == nil && n > 0 {
			http.Redirect(w, r, fmt.Sprintf("/hop?n=%d", n-1), http.StatusFound)
		}
	})
	do := func(action string) (any, error) { return p.rig(t, action).Do(t.Context()) }
	if _, err := do(`{ connection: crm, url: "/x?n=3", headers: { X-Api-Key: k } }`); err != nil {
		t.Errorf("three redirects: %v", err)
	}
	if h := p.last(t).Header; h.Get("Authorization") != "Bearer "+secret || h.Get("X-Api-Key") != "k" || h.Get("Accept") != "application/json" {
		t.Errorf("credentials were lost on the way: %v", h)
	}
	elsewhere := newPeer(t, noContent)
	away := newPeer(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) })
	_, err := away.rig(t, `{ connection: crm, url: /x }`).Do(t.Context())
	if f := actionstest.Failure(t, err); f.Cause != event.CauseRefused || f.Retry || len(elsewhere.seen) > 0 {
		t.Errorf("another port of the host: %+v, called %d times", f, len(elsewhere.seen))
	}
	if _, err := do(`{ connection: crm, url: "/x?n=4" }`); err == nil {
		t.Error("four redirects were followed")
	}
	_, err = do(`{ connection: crm, method: POST, url: "/x?n=1" }`)
	if f := actionstest.Failure(t, err); f.Cause != event.CauseClient || f.Retry || !strings.Contains(f.Text, "POST") {
		t.Errorf("redirected POST: %+v", f)
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	p := newPeer(t, noContent)
	got := p.rig(t, `{ connection: crm, url: "/c", json: { a: "<b>" }, headers: { X-Api-Key: sesame, X-Kind: demo } }`).Preview()
	want := `{"method":"POST","url":"` + p.URL + `/a%2Fpi/c","headers":{"Content-Type":"application/json","X-Api-Key":"[redacted]","X-Kind":"demo"},"body":{"a":"<b>"}}`
	var gotTree, wantTree any
	for raw, into := range map[string]*any{got: &gotTree, want: &wantTree} {
		if err := json.Unmarshal([]byte(raw), into); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
	}
	if diff := cmp.Diff(wantTree, gotTree); diff != "" {
		t.Errorf("preview (-want +got):\n%s", diff)
	}
}
