package security

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestInstanceAddresses lets a token endpoint, which the author named, send
// Gavel to addresses that nobody named: every way to write this machine and
// the networks around it. None is called.
func TestInstanceAddresses(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(inside.Close)
	port := inside.URL[strings.LastIndexByte(inside.URL, ':')+1:]
	hosts := []string{
		"127.0.0.1", "127.1", "127.0.1", "2130706433", "0177.0.0.1", "017700000001", "0x7f.0.0.1", "0x7f000001", "127.000.000.001",
		"0.0.0.0", "0", "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
		"169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "224.0.0.1", "255.255.255.255",
		"127.0.0.1.", "LOCALHOST.", "①②⑦.⓪.⓪.①", "user@127.0.0.1", "acme.example@127.0.0.1", "127.0.0.1#@acme.example", "127.0.0.1\\@acme.example", "%31%32%37.0.0.1",
	}
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &n) // the paths are those of the rules below
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"t","token_type":"Bearer","instance_url":%q}`, "http://"+hosts[n]+":"+port)
	}))
	t.Cleanup(tokens.Close)
	// The token endpoint is named "localhost", so that the address is not.
	endpoint := strings.Replace(tokens.URL, "127.0.0.1", "localhost", 1)
	connections, rules := "connections:\n", "rules:\n"
	for i := range hosts {
		connections += fmt.Sprintf("  c%d: { kind: http, instance_url: true, auth: { oauth2: { token_url: %s/%d, client_id: a, client_secret: secret } } }\n", i, endpoint, i)
		rules += fmt.Sprintf("  - { name: r%d, event: scheduling.*, actions: [{ retry: { max: 1 }, http: { connection: c%d, url: /x } }] }\n", i, i)
	}
	p := testkit.Start(t, testkit.Serve{Rules: connections + rules})
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "e1"))
	b := &battlefield{gavel: p}
	testkit.Eventually(t, "every run has ended", func() bool { return len(b.list(t, "--status", "pending,running", "--limit", "1")) == 0 })
	for _, r := range b.list(t, "--limit", "1000") {
		var n int
		if _, err := fmt.Sscanf(r.Rule, "r%d", &n); err != nil || r.Status != "failed" {
			t.Errorf("%s (%s): %s", r.Rule, hosts[n], r.Status)
		}
	}
	if n := reached.Load(); n > 0 {
		t.Errorf("%d calls reached an internal address", n)
	}
}

// TestRedirectsStayAtHome answers with redirects to an internal server. Only
// one to the same server is followed, with the credentials, and never without
// end.
func TestRedirectsStayAtHome(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(inside.Close)
	var home *httptest.Server
	var homeCalls, withCredentials atomic.Int64
	home = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		homeCalls.Add(1)
		to := map[string]string{
			"/other": inside.URL, "/port": inside.URL + "/x", "/user": strings.Replace(inside.URL, "http://", "http://a:b@", 1),
			"/scheme": "file:///etc/passwd", "/slashes": "//" + strings.TrimPrefix(inside.URL, "http://"), "/gopher": "gopher://127.0.0.1:25/x",
			"/meta": "http://169.254.169.254/latest/meta-data/", "/loop": "/loop", "/same": "/end",
		}[r.URL.Path]
		if r.URL.Path == "/end" && r.Header.Get("Authorization") != "" {
			withCredentials.Add(1)
		}
		if to != "" {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		}
	}))
	t.Cleanup(home.Close)
	rules := fmt.Sprintf("connections: { api: { kind: http, base_url: %s, auth: { bearer: the-bearer-token } } }\nrules:\n", home.URL)
	for _, path := range []string{"other", "port", "user", "scheme", "slashes", "gopher", "meta", "loop", "same"} {
		rules += fmt.Sprintf("  - { name: %s, event: scheduling.*, actions: [{ retry: { max: 1 }, http: { connection: api, url: /%s } }] }\n", path, path)
	}
	p := testkit.Start(t, testkit.Serve{Rules: rules})
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "e1"))
	b := &battlefield{gavel: p}
	testkit.Eventually(t, "every run has ended", func() bool { return len(b.list(t, "--status", "pending,running", "--limit", "1")) == 0 })
	for _, r := range b.list(t) {
		want := "failed"
		if r.Rule == "same" {
			want = "succeeded"
		}
		if r.Status != want {
			t.Errorf("redirect %s: %s (%s), want %s", r.Rule, r.Status, r.Reason, want)
		}
	}
	if reached.Load() > 0 || withCredentials.Load() != 1 {
		t.Errorf("%d calls inside, %d with credentials after a redirect on the same server, want 0 and 1", reached.Load(), withCredentials.Load())
	}
	if homeCalls.Load() > 20 {
		t.Errorf("%d calls: a redirect to itself is followed too long", homeCalls.Load())
	}
}

// TestHostsAreLiteral checks rules that would let an event choose where a call
// goes: all are refused when they are loaded.
func TestHostsAreLiteral(t *testing.T) {
	t.Parallel()
	const value = "${{ meeting.meetingInfo.location }}"
	for _, address := range []string{
		value, "https://" + value, "https://" + value + "/x", "https://" + value + ".acme.example/", "https://acme.example" + value,
		"https://acme.example:" + value + "/", "https://" + value + "@acme.example/", "https://acme.example@" + value, value + "://acme.example/",
		"//" + value + "/x", "https://${{ raw(meeting.meetingInfo.location) }}/", "https://acme.example${{ raw(meeting.meetingInfo.location) }}",
		"file:///etc/passwd", "gopher://acme.example/", "https:///x", "https://acme.example/../x", "https://acme.example/%2e%2e/x",
	} {
		file := filepath.Join(t.TempDir(), "rules.yaml")
		write(t, file, fmt.Sprintf("rules:\n  - { name: r, event: scheduling.*, actions: [{ http: { url: %q } }] }\n", address))
		r := testkit.Gavel(t, "check", file)
		if r.Code != 1 {
			t.Errorf("%s: check ends with %d\n%s", address, r.Code, r.Stdout)
		}
		// The reason is the right one: another guard might refuse it as well.
		if strings.Contains(address, "${{") && !strings.Contains(r.Stdout+r.Stderr, "cannot come from an event") {
			t.Errorf("%s: check says\n%s%s", address, r.Stdout, r.Stderr)
		}
	}
	for _, action := range []string{
		"http: { url: https://acme.example/, headers: { X-Name: '${{ raw(meeting.meetingInfo.location) }}' } }",
		"http: { url: https://acme.example/, headers: { Host: evil.example } }",
		"email: { to: '${{ raw(meeting.meetingInfo.location) }}', subject: a, text: b }",
		"email: { to: a@acme.example, subject: a, text: b, headers: { Bcc: b@acme.example } }",
		"email: { to: 'a@acme.example, b@acme.example', subject: a, text: b }",
	} {
		file := filepath.Join(t.TempDir(), "rules.yaml")
		write(t, file, "connections: { email: { host: smtp.acme.example, from: hi@acme.example } }\nrules:\n  - { name: r, event: scheduling.*, actions: [{ "+action+" }] }\n")
		if r := testkit.Gavel(t, "check", file); r.Code != 1 {
			t.Errorf("%s: check ends with %d\n%s", action, r.Code, r.Stdout)
		}
	}
	file := filepath.Join(t.TempDir(), "rules.yaml")
	write(t, file, "rules:\n  - { name: r, event: scheduling.*, actions: [{ http: { url: 'https://acme.example/?q=${{ raw(meeting.meetingInfo.location) }}' } }] }\n")
	if r := testkit.Gavel(t, "check", file); !strings.Contains(r.Stdout, "raw()") {
		t.Errorf("raw() is not told by check:\n%s", r.Stdout)
	}
}

// TestSecretsAreNotEchoed lets the other side answer with the secrets that it
// was sent. They show up nowhere.
func TestSecretsAreNotEchoed(t *testing.T) {
	t.Parallel()
	const bearer, key = "bearer-Zx81-secret+/value", "key&\"quoted\"-secret"
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo", r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusBadRequest)
		}
		fmt.Fprintf(w, `{"auth":%q,"key":%q,"query":%q}`, r.Header.Get("Authorization"), key, url.QueryEscape(key))
	}))
	t.Cleanup(echo.Close)
	p := testkit.Start(t, testkit.Serve{Env: []string{"BEARER=" + bearer, "KEY=" + key}, Rules: fmt.Sprintf(`connections:
  api: { kind: http, base_url: %s, auth: { bearer: "${{ env.BEARER }}" } }
rules:
  - { name: good, event: scheduling.*, actions: [{ id: a, http: { connection: api, url: /good, json: { key: "${{ env.KEY }}" } } }, { log: { message: "got ${{ actions.a.body.auth }} ${{ actions.a.body.key }}" } }] }
  - { name: bad, event: scheduling.*, actions: [{ http: { connection: api, url: /bad, json: { key: "${{ env.KEY }}" } } }] }
`, echo.URL)})
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "e1"))
	b := &battlefield{gavel: p}
	testkit.Eventually(t, "both runs have ended", func() bool { return len(b.list(t, "--status", "succeeded,failed")) == 2 })
	said := p.Log()
	for _, r := range b.list(t) {
		for _, output := range []string{"text", "json"} {
			shown := testkit.Gavel(t, "runs", "show", r.ID, "--database", p.Database, "--output", output)
			said += shown.Stdout + shown.Stderr
		}
	}
	for _, secret := range []string{bearer, key, `key&\"quoted\"-secret`, url.QueryEscape(key), "Zx81", "quoted", testkit.Secret} {
		if i := strings.Index(said, secret); i >= 0 {
			t.Errorf("%q shows up: …%s…", secret, said[max(0, i-80):min(len(said), i+80)])
		}
	}
	if !strings.Contains(said, "[redacted]") {
		t.Error("nothing was redacted, so this test has looked at nothing")
	}
}
