package httpcall_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/actions/httpcall"
	"github.com/gavel-rules/gavel/event"
)

// TestSignature checks it as a receiver does, by the Standard Webhooks scheme.
func TestSignature(t *testing.T) {
	t.Parallel()
	p := newPeer(t, noContent)
	key := []byte("a key of a receiver, 32 bytes in")
	for _, prefix := range []string{"whsec_", ""} {
		rig := actionstest.Load(t, kinds(t), `
connections:
  crm: { kind: http, base_url: "`+p.URL+`", sign: "`+prefix+base64.StdEncoding.EncodeToString(key)+`" }
rules: [ { name: try, event: "*", actions: [ { http: { connection: crm, url: /c, json: { a: 1 } } } ] } ]
`, nil)
		if _, err := rig.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := p.last(t)
		id, stamp := got.Header.Get("Webhook-Id"), got.Header.Get("Webhook-Timestamp")
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + stamp + "." + got.Body))
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); got.Header.Get("Webhook-Signature") != want || id != actionstest.Delivery().Key {
			t.Errorf("headers %v, want the signature %s", got.Header, want)
		}
		if seconds, err := strconv.ParseInt(stamp, 10, 64); err != nil || seconds < time.Now().Add(-time.Hour).Unix() {
			t.Errorf("timestamp %q", stamp)
		}
	}
}

// TestAddressesOfAnEvent: whatever an event makes of an address, it stays at the
// connection's, or is refused.
func TestAddressesOfAnEvent(t *testing.T) {
	t.Parallel()
	const where = "meeting.meetingInfo.location"
	p := newPeer(t, noContent)
	rig := p.rig(t, `{ connection: crm, url: "/c/${{ meeting.meetingInfo.location }}" }`)
	for value, want := range map[string]string{"a?b=c": "/c/a%3Fb=c", "//evil.example": "/c/%2F%2Fevil.example", "https://evil.example": "/c/https:%2F%2Fevil.example"} {
		if got := rig.Preview(where, value); !strings.Contains(got, p.URL+"/a%2Fpi"+want) {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
	direct := actionstest.Load(t, kinds(t), `
rules: [ { name: try, event: "*", actions: [ { http: { url: "https://crm.example/${{ meeting.meetingInfo.location }}?x=1#part" } } ] } ]
`, nil)
	if got := direct.Preview(where, "a"); !strings.Contains(got, `"https://crm.example/a?x=1"`) {
		t.Errorf("a direct call shows %s", got)
	}
	for _, value := range []string{"..", "."} {
		if _, err := direct.Prepare(where, value); err == nil || !strings.Contains(err.Error(), "which changes the path") {
			t.Errorf("%s: %v", value, err)
		}
	}
}

// TestJudge: a reply that a test of rules makes up fails as a real one does.
func TestJudge(t *testing.T) {
	t.Parallel()
	check := func(expect string, r *httpcall.Result, cause event.Cause, retry bool, after time.Duration) {
		t.Helper()
		f := judged(t, expect, r)
		switch {
		case cause == "" && f != nil:
			t.Errorf("%s %+v: %v", expect, r, f)
		case cause != "" && (f == nil || f.Cause != cause || f.Retry != retry || f.RetryAfter != after || !strings.HasSuffix(f.Text, " from the test")):
			t.Errorf("%s %+v: %+v, want %s", expect, r, f, cause)
		}
	}
	check("", &httpcall.Result{}, "", false, 0)
	check("", &httpcall.Result{Status: 204}, "", false, 0)
	check("", &httpcall.Result{Status: 404}, event.CauseClient, false, 0)
	check("", &httpcall.Result{Status: 401}, event.CauseAuth, false, 0)
	check("", &httpcall.Result{Status: 503, Headers: map[string]string{"retry-after": "7"}}, event.CauseServer, true, 7*time.Second)
	check(", expect: [404]", &httpcall.Result{Status: 404}, "", false, 0)
	check(", expect: [404]", &httpcall.Result{Status: 503}, event.CauseServer, true, 0)
}

func judged(t *testing.T, expect string, r *httpcall.Result) *event.Failure {
	t.Helper()
	set := load(t, `
rules: [ { name: try, event: "*", actions: [ { http: { url: "https://crm.example/"`+expect+` } } ] } ]
`)
	judge, ok := set.Rules[0].Actions[0].Action.(interface {
		Judge(result any) *event.Failure
	})
	if !ok {
		t.Fatal("an http action judges no reply")
	}
	return judge.Judge(r)
}

// TestSignIn: each way to sign in sends its header and nothing of it is shown.
func TestSignIn(t *testing.T) {
	t.Parallel()
	p := newPeer(t, noContent)
	for auth, want := range map[string][2]string{
		`bearer: secret-1234`:                               {"Authorization", "Bearer secret-1234"},
		`basic: { username: gavel, password: secret-1234 }`: {"Authorization", "Basic Z2F2ZWw6c2VjcmV0LTEyMzQ="},
		`header: { name: X-Key, value: secret-1234 }`:       {"X-Key", "secret-1234"},
	} {
		rig := actionstest.Load(t, kinds(t), `
connections: { crm: { kind: http, base_url: "`+p.URL+`", auth: { `+auth+` } } }
rules: [ { name: try, event: "*", actions: [ { http: { connection: crm, url: /c } } ] } ]
`, nil)
		if _, err := rig.Do(t.Context()); err != nil {
			t.Errorf("%s: %v", auth, err)
			continue
		}
		if got := p.last(t).Header.Get(want[0]); got != want[1] {
			t.Errorf("%s: %s is %q, want %q", auth, want[0], got, want[1])
		}
		if shown := rig.Preview(); strings.Contains(shown, "secret-1234") {
			t.Errorf("%s: the preview shows it: %s", auth, shown)
		}
	}
}
