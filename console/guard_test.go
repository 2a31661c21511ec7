package console_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/console"
	"github.com/gavel-rules/gavel/event"
)

func withToken(o *console.Options) {
	o.Token = "the-token"
	o.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("gavel_up 1")) })
}

func TestWithoutTokenNothingIsShown(t *testing.T) {
	t.Parallel()
	r := setup(t, withToken)
	r.accept(event.TypeScheduled, "ev-1", event.StatusFailed)
	for path, want := range map[string]int{
		"/-/healthy": 200, "/-/ready": 200, "/login": 200,
		"/": 303, "/events": 303, "/events/ev-1": 303, "/events/ev-1/body": 303, "/runs": 303, "/rules": 303, "/search?q=x": 303,
		"/metrics": 303, "/live/events": 303, "/api/v1/events": 401, "/api/v1/openapi.yaml": 401,
	} {
		a := r.page(path)
		if a.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, a.StatusCode, want)
		}
		if want != 200 && strings.Contains(a.Body, "ev-1") && !strings.Contains(a.Body, "/login") {
			t.Errorf("%s tells of an event: %s", path, a.Body)
		}
	}
	for _, path := range []string{"/metrics", "/events", "/live/events"} {
		if a := r.do("GET", path, ""); a.StatusCode != http.StatusUnauthorized || a.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("a program gets %d at %s", a.StatusCode, path)
		}
	}
	for _, path := range []string{"/-/reload", "/runs/ev-1-a/retry", "/api/v1/runs/ev-1-a/retry", "/rules/reload"} {
		if a := r.do("POST", path, ""); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("POST %s: %d", path, a.StatusCode)
		}
		if a := r.do("POST", path, "", "Authorization", "Bearer the-tokem"); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("POST %s with a wrong token: %d", path, a.StatusCode)
		}
	}
	if a := r.do("GET", "/metrics", "", "Authorization", "Bearer the-token"); a.Body != "gavel_up 1" {
		t.Errorf("with the token /metrics answers %d %q", a.StatusCode, a.Body)
	}
}

func TestSessionIsACookieThatNobodyElseCanUse(t *testing.T) {
	t.Parallel()
	r := setup(t, withToken)
	const form = "application/x-www-form-urlencoded"
	a := r.do("POST", "/login", "token=the-token&next=/runs", "Content-Type", form)
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/runs" {
		t.Fatalf("sign-in is answered %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	cookie := a.Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Secure {
		t.Errorf("cookie over plain HTTP: %v", cookie)
	}
	if a := r.do("GET", "/runs", "", "Cookie", cookie.Name+"="+cookie.Value); a.StatusCode != http.StatusOK {
		t.Errorf("with the cookie: %d", a.StatusCode)
	}
	forged := "A" + cookie.Value[1:]
	if forged == cookie.Value {
		forged = "B" + cookie.Value[1:]
	}
	if a := r.do("GET", "/runs", "", "Cookie", cookie.Name+"="+forged); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("with a longer life written into the cookie: %d", a.StatusCode)
	}
	a = r.do("POST", "/login", "token=the-token", "Content-Type", form, "X-Forwarded-Proto", "https")
	if !a.Cookies()[0].Secure {
		t.Error("the cookie is not Secure behind a proxy that speaks HTTPS")
	}
	for _, next := range []string{"//evil.example", "https://evil.example", `/\evil.example`, "javascript:alert(1)", ""} {
		a := r.do("POST", "/login", "token=the-token&next="+next, "Content-Type", form)
		if got := a.Header.Get("Location"); got != "/" {
			t.Errorf("next=%q leads to %q", next, got)
		}
	}
}

func TestGuessingIsSlow(t *testing.T) {
	t.Parallel()
	r := setup(t, withToken)
	seen := map[int]bool{}
	for range 20 {
		seen[r.do("POST", "/login", "token=guess", "Content-Type", "application/x-www-form-urlencoded").StatusCode] = true
	}
	if !seen[http.StatusUnauthorized] || !seen[http.StatusTooManyRequests] {
		t.Errorf("20 guesses were answered %v", seen)
	}
}

func TestOtherSitesCannotWrite(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	run := r.accept(event.TypeScheduled, "ev-1", event.StatusFailed)[0]
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"},
	} {
		if a := r.do("POST", "/runs/"+run.ID+"/retry", "", headers...); a.StatusCode != http.StatusForbidden {
			t.Errorf("with %v: %d", headers, a.StatusCode)
		}
	}
	if a := r.do("POST", "/runs/"+run.ID+"/retry", "", "Sec-Fetch-Site", "same-origin"); a.StatusCode != http.StatusSeeOther {
		t.Errorf("from its own page: %d %s", a.StatusCode, a.Body)
	}
	if !strings.Contains(r.log.String(), "console write") || !strings.Contains(r.log.String(), "/runs/"+run.ID+"/retry") {
		t.Errorf("the log is\n%s", r.log)
	}
}

// Another site cannot see an answer, but it could hold live views open. A link
// that somebody follows is welcome.
func TestOtherSitesCannotRead(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	for _, path := range []string{"/live/events", "/api/v1/live/events", "/api/v1/events", "/events", "/metrics"} {
		for _, headers := range [][]string{
			{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"},
			{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"},
			{"Origin", "https://evil.example"},
		} {
			if a := r.do("GET", path, "", headers...); a.StatusCode != http.StatusForbidden {
				t.Errorf("GET %s with %v: %d", path, headers, a.StatusCode)
			}
		}
	}
	link := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	if a := r.do("GET", "/events", "", link...); a.StatusCode != http.StatusOK {
		t.Errorf("a link from another site: %d", a.StatusCode)
	}
	for _, headers := range [][]string{{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"}, {"Origin", "http://" + r.Listener.Addr().String()}} {
		if a := r.do("GET", "/api/v1/events", "", headers...); a.StatusCode != http.StatusOK {
			t.Errorf("with %v: %d", headers, a.StatusCode)
		}
	}
}

func TestSignOutEndsTheSession(t *testing.T) {
	t.Parallel()
	r := setup(t, withToken)
	const form = "application/x-www-form-urlencoded"
	signIn := func() string {
		cookie := r.do("POST", "/login", "token=the-token", "Content-Type", form).Cookies()[0]
		return cookie.Name + "=" + cookie.Value
	}
	out, stays := signIn(), signIn()
	if a := r.do("POST", "/logout", "", "Cookie", out); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("sign-out: %d", a.StatusCode)
	}
	if a := r.do("GET", "/runs", "", "Cookie", out); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("after signing out a copy of the cookie gets %d", a.StatusCode)
	}
	r.console.SetTokens([]string{"the-token", "another"})
	if a := r.do("GET", "/runs", "", "Cookie", out); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("after the tokens were read again it gets %d", a.StatusCode)
	}
	if a := r.do("GET", "/runs", "", "Cookie", stays); a.StatusCode != http.StatusOK {
		t.Errorf("another session gets %d", a.StatusCode)
	}
}

func TestOtherNamesAreRefusedOnLoopback(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	if a := r.do("GET", "/", "", "Host", "rebound.evil.example"); a.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("under another name: %d", a.StatusCode)
	}
	for _, host := range []string{"localhost:8081", "127.0.0.1", "[::1]:8081"} {
		if a := r.do("GET", "/", "", "Host", host); a.StatusCode != http.StatusOK {
			t.Errorf("as %s: %d", host, a.StatusCode)
		}
	}
	proxied := setup(t, withToken)
	if a := proxied.do("GET", "/login", "", "Host", "gavel.acme.example"); a.StatusCode != http.StatusOK {
		t.Errorf("with a token, behind a proxy: %d", a.StatusCode)
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	for _, path := range []string{"/", "/events", "/nowhere", "/api/v1/status", "/-/healthy"} {
		h := r.page(path).Header
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

// from sends requests from another address of this machine.
func (r *rig) from(address, method, path, body string, headers ...string) int {
	r.t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// TestGuessersLockOnlyThemselvesOut tries tokens as programs send them. Who
// knows the token gets in from elsewhere, and who signed in before stays in.
func TestGuessersLockOnlyThemselvesOut(t *testing.T) {
	t.Parallel()
	r := setup(t, withToken)
	const form = "application/x-www-form-urlencoded"
	cookie := r.do("POST", "/login", "token=the-token", "Content-Type", form).Cookies()[0]
	seen := map[int]int{}
	for i := range 40 {
		seen[r.do("GET", "/api/v1/status", "", "Authorization", fmt.Sprint("Bearer guess-", i)).StatusCode]++
	}
	if seen[http.StatusUnauthorized] < 10 || seen[http.StatusTooManyRequests] < 20 || len(seen) != 2 {
		t.Errorf("40 guesses were answered %v", seen)
	}
	for range 20 {
		r.do("GET", "/api/v1/status", "", "Authorization", "Bearer another-guess")
	}
	if a := r.do("GET", "/api/v1/status", "", "Authorization", "Bearer the-token"); a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
		t.Errorf("the right token, guessed last: %d %v", a.StatusCode, a.Header)
	}
	if a := r.do("GET", "/api/v1/status", "", "Cookie", cookie.Name+"="+cookie.Value); a.StatusCode != http.StatusOK {
		t.Errorf("with a session: %d", a.StatusCode)
	}
	if code := r.from("127.0.0.2", "GET", "/api/v1/status", "", "Authorization", "Bearer the-token"); code != http.StatusOK {
		t.Errorf("the right token from elsewhere: %d", code)
	}
	if n := strings.Count(r.log.String(), "console token refused"); n < 10 || n > 40 {
		t.Errorf("the log tells of %d guesses", n)
	}
	if strings.Contains(r.log.String(), "guess-") {
		t.Error("the log holds what was guessed")
	}
}

func TestTokensTakeEachOthersPlace(t *testing.T) {
	t.Parallel()
	r := setup(t, withToken)
	const form = "application/x-www-form-urlencoded"
	cookie := r.do("POST", "/login", "token=the-token", "Content-Type", form).Cookies()[0]
	check := func(when string, oldToken, newToken, session int) {
		t.Helper()
		for what, c := range map[string]struct {
			header, value string
			want          int
		}{
			"the old token": {"Authorization", "Bearer the-token", oldToken},
			"the new token": {"authorization", "bearer new-token", newToken},
			"the session":   {"Cookie", cookie.Name + "=" + cookie.Value, session},
		} {
			if a := r.do("GET", "/api/v1/status", "", c.header, c.value); a.StatusCode != c.want {
				t.Errorf("%s, %s: %d, want %d", when, what, a.StatusCode, c.want)
			}
		}
	}
	check("before", 200, 401, 200)
	r.console.SetTokens([]string{"new-token", "the-token"})
	check("meanwhile", 200, 200, 200)
	r.console.SetTokens([]string{"new-token"})
	check("afterwards", 401, 200, 401)
}

// TestTokensStayOutOfURLs: what stands in an address ends up in logs.
func TestTokensStayOutOfURLs(t *testing.T) {
	t.Parallel()
	r := setup(t, withToken)
	for _, path := range []string{"/api/v1/status?token=the-token", "/api/v1/status?access_token=the-token"} {
		if a := r.do("GET", path, ""); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
	if a := r.do("POST", "/login?token=the-token", "", "Content-Type", "application/x-www-form-urlencoded"); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("sign-in by an address: %d", a.StatusCode)
	}
}

// TestNoOtherSiteReads: no header lets the page of another site read an
// answer.
func TestNoOtherSiteReads(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	for _, method := range []string{"GET", "OPTIONS"} {
		a := r.do(method, "/api/v1/events", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "GET")
		for name := range a.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s is answered with %s", method, name)
			}
		}
	}
}
