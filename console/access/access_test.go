package access_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/console/access"
)

// gate is an Access with a clock and a log of the test's own.
type gate struct {
	*access.Access
	now time.Time
	log bytes.Buffer
}

func newGate(tokens ...string) *gate {
	g := &gate{now: time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)}
	g.Access = access.New(slog.New(slog.NewTextHandler(&g.log, nil)), func() time.Time { return g.now }, "/")
	g.SetTokens(tokens)
	return g
}

// request comes from an address; headers come as pairs of name and value.
func request(method, path, from string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, path, nil)
	r.RemoteAddr = from
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

const home = "192.0.2.1:4711"

// ask sends a request through a guard and returns the answer; 204 is that of
// the handler behind it.
func ask(guard func(http.Handler) http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })).ServeHTTP(w, r)
	return w
}

// signIn returns the cookie of a new session.
func (g *gate) signIn(t *testing.T, token string) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := g.SignIn(w, request("POST", "/login", home), token); err != nil {
		t.Fatal(err)
	}
	c := w.Result().Cookies()[0]
	if !c.Expires.Equal(g.now.Add(12*time.Hour)) || c.Path != "/" || c.MaxAge != 0 {
		t.Errorf("the cookie is %v", c)
	}
	return c.Name + "=" + c.Value
}

func TestAuthenticated(t *testing.T) {
	t.Parallel()
	g := newGate("", "one", "two")
	session := g.signIn(t, "two")
	for _, c := range []struct {
		method, path string
		headers      []string
		want         int
	}{
		{"GET", "/", nil, 401},
		{"GET", "/", []string{"Accept", "text/html"}, 303},
		{"GET", "/api/v1/status", []string{"Accept", "text/html"}, 401},
		{"POST", "/", []string{"Accept", "text/html"}, 401},
		{"GET", "/", []string{"Accept", "application/json"}, 401},
		{"GET", "/", []string{"Accept", "text/html", "Authorization", "Bearer no"}, 401},
		{"GET", "/", []string{"Authorization", "Bearer one"}, 204},
		{"GET", "/", []string{"Authorization", "bearer  two "}, 204},
		{"GET", "/", []string{"Authorization", "Basic one"}, 401},
		{"GET", "/", []string{"Authorization", "one"}, 401},
		{"GET", "/", []string{"Authorization", "Bearer"}, 401},
		{"GET", "/", []string{"Authorization", "Bearer onetwo"}, 401},
		{"GET", "/", []string{"Cookie", session}, 204},
		{"GET", "/", []string{"Cookie", session, "Authorization", "Bearer no"}, 204},
		{"GET", "/", []string{"Cookie", session + "A"}, 401},
		{"GET", "/", []string{"Cookie", session[:len(session)-4]}, 401},
		{"GET", "/", []string{"Cookie", "gavel_session=!"}, 401},
		{"GET", "/", []string{"Cookie", "gavel_session="}, 401},
	} {
		w := ask(g.Authenticated, request(c.method, c.path, home, c.headers...))
		if w.Code != c.want || (w.Header().Get("WWW-Authenticate") != "") != (c.want == 401) {
			t.Errorf("%s %s with %q: %d %v, want %d", c.method, c.path, c.headers, w.Code, w.Header(), c.want)
		}
	}
	w := ask(g.Authenticated, request("GET", "/events?q=a&type=b", home, "Accept", "text/html"))
	if got := w.Header().Get("Location"); got != "/login?next=%2Fevents%3Fq%3Da%26type%3Db" {
		t.Errorf("the login page is at %s", got)
	}
	g.now = g.now.Add(12*time.Hour - time.Second)
	if w := ask(g.Authenticated, request("GET", "/", home, "Cookie", session)); w.Code != 204 {
		t.Errorf("just before its end a session gets %d", w.Code)
	}
	g.now = g.now.Add(time.Second)
	if w := ask(g.Authenticated, request("GET", "/", home, "Cookie", session)); w.Code != 401 {
		t.Errorf("at its end a session gets %d", w.Code)
	}
	open := newGate("")
	if w := ask(open.Authenticated, request("GET", "/", home, "Authorization", "Bearer no")); w.Code != 204 || open.Who(request("GET", "/", home)) != "local" {
		t.Errorf("without any token: %d", w.Code)
	}
}

func TestWho(t *testing.T) {
	t.Parallel()
	g := newGate("one", "two")
	session, other := g.signIn(t, "one"), g.signIn(t, "two")
	check := func(what, want string, headers ...string) {
		t.Helper()
		if got := g.Who(request("GET", "/", home, headers...)); got != want {
			t.Errorf("%s is %q, want %q", what, got, want)
		}
	}
	check("nobody", "")
	check("a program", "token", "Authorization", "Bearer one")
	check("a person", "session", "Cookie", session)
	check("both", "token", "Cookie", session, "Authorization", "Bearer one")
	g.SetTokens([]string{"two", "three"})
	check("a session of a token that is gone", "", "Cookie", session)
	check("a session of one that stays", "session", "Cookie", other)

	// A session can be ended before its time, and a stranger's cookie ends nothing.
	w := httptest.NewRecorder()
	g.SignOut(w, request("POST", "/logout", home, "Cookie", "gavel_session=nonsense"))
	check("another session", "session", "Cookie", other)
	g.SignOut(httptest.NewRecorder(), request("POST", "/logout", home))
	g.SignOut(w, request("POST", "/logout", home, "Cookie", other))
	check("one that was signed out", "", "Cookie", other)
	third, fourth := g.signIn(t, "two"), g.signIn(t, "two")
	g.SignOut(httptest.NewRecorder(), request("POST", "/logout", home, "Cookie", third))
	check("another one that was signed out", "", "Cookie", third)
	check("the one before", "", "Cookie", other)
	check("one opened in the same second", "session", "Cookie", fourth)
	if c := w.Result().Cookies()[0]; c.Value != "" || c.MaxAge >= 0 {
		t.Errorf("signing out sets the cookie %v", c)
	}
	// What is remembered of it goes when the cookie has ended anyway.
	for range 3 {
		g.now = g.now.Add(13 * time.Hour)
		late := g.signIn(t, "two")
		g.SignOut(httptest.NewRecorder(), request("POST", "/logout", home, "Cookie", late))
		check("a later one that was signed out", "", "Cookie", late)
	}
}

func TestTheCookieIsSecure(t *testing.T) {
	t.Parallel()
	g := newGate("one")
	for _, c := range []struct {
		path    string
		headers []string
		want    bool
	}{{"/login", nil, false}, {"https://gavel.example/login", nil, true}, {"/login", []string{"X-Forwarded-Proto", "HTTPS"}, true}, {"/login", []string{"X-Forwarded-Proto", "http"}, false}} {
		w := httptest.NewRecorder()
		if err := g.SignIn(w, request("POST", c.path, home, c.headers...), "one"); err != nil {
			t.Fatal(err)
		}
		if k := w.Result().Cookies()[0]; k.Secure != c.want || !k.HttpOnly || k.SameSite != http.SameSiteStrictMode {
			t.Errorf("%s %q: %v", c.path, c.headers, k)
		}
	}
}

// apart reports whether guesses from a source leave another one alone. Two
// may share a limit by chance, once in 1,024 times.
func apart(source, other string) bool {
	for range 4 {
		g := newGate("one")
		for range 20 {
			_ = g.SignIn(httptest.NewRecorder(), request("POST", "/login", source), "guess")
		}
		if g.SignIn(httptest.NewRecorder(), request("POST", "/login", other), "one") == nil {
			return true
		}
	}
	return false
}

// TestGuesses: ten at once from one source, then one a second; whoever shares
// no network with it notices nothing.
func TestGuesses(t *testing.T) {
	t.Parallel()
	for source, c := range map[string]struct{ same, other string }{
		"192.0.2.1:1": {"192.0.2.1:2", "192.0.2.2:1"}, "[2001:db8::1]:1": {"[2001:db8::ffff:1]:1", "[2001:db8:0:1::1]:1"}, "[::ffff:192.0.2.1]:1": {"192.0.2.1:9", "192.0.2.9:1"},
		"[fe80::1%eth0]:1": {"[fe80::2%eth1]:1", "192.0.2.9:1"}, "pipe": {"a:b", "192.0.2.9:1"},
	} {
		g := newGate("one")
		try := func(from, token string) error {
			return g.SignIn(httptest.NewRecorder(), request("POST", "/login", from), token)
		}
		for i := range 10 {
			if err := try(source, fmt.Sprint("guess", i)); !errors.Is(err, access.ErrWrongToken) {
				t.Fatalf("%s: guess %d: %v", source, i, err)
			}
		}
		if err := try(c.same, "one"); !errors.Is(err, access.ErrTooManyTries) {
			t.Errorf("%s: after ten guesses, %s gets %v", source, c.same, err)
		}
		late := httptest.NewRecorder()
		if err := g.SignIn(late, request("POST", "/login", source), "one"); err == nil || late.Header().Get("Retry-After") != "5" || len(late.Result().Cookies()) != 0 {
			t.Errorf("%s: after ten guesses: %v, %v", source, err, late.Header())
		}
		if !apart(source, c.other) {
			t.Errorf("%s keeps %s out", source, c.other)
		}
		w := ask(g.Authenticated, request("GET", "/", source, "Authorization", "Bearer one"))
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "5" {
			t.Errorf("%s: a program gets %d %v", source, w.Code, w.Header())
		}
		if w := ask(g.Authenticated, request("GET", "/", source)); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: who gives no token gets %d", source, w.Code)
		}
		g.now = g.now.Add(time.Second)
		if err := try(source, "guess"); !errors.Is(err, access.ErrWrongToken) {
			t.Errorf("%s: a second later: %v", source, err)
		}
		if err := try(source, "one"); !errors.Is(err, access.ErrTooManyTries) {
			t.Errorf("%s: twice in a second: %v", source, err)
		}
		g.now = g.now.Add(time.Second)
		if err := try(source, "one"); err != nil {
			t.Errorf("%s: the right token: %v", source, err)
		}
		if log := g.log.String(); strings.Contains(log, "guess") || strings.Count(log, "console sign-in refused") != 11 || strings.Count(log, "msg=\"console sign-in\"") != 1 {
			t.Errorf("%s: the log is\n%s", source, log)
		}
	}
	g := newGate("one")
	for range 12 {
		ask(g.Authenticated, request("GET", "/", home, "Authorization", "Bearer no"))
	}
	if n := strings.Count(g.log.String(), "console token refused"); n != 10 {
		t.Errorf("the log tells of %d refused tokens, want 10", n)
	}
}

func TestKnownHost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		local, host, token string
		want               int
	}{
		{"127.0.0.1", "evil.example", "", 421}, {"::1", "evil.example:8081", "", 421}, {"127.0.0.1", "10.0.0.1", "", 421}, {"127.0.0.1", "", "", 421}, {"127.0.0.1", "localhost.evil.example", "", 421},
		{"127.0.0.1", "localhost", "", 204}, {"127.0.0.1", "LOCALHOST:8081", "", 204}, {"127.0.0.1", "127.0.0.2:1", "", 204}, {"::1", "[::1]:8081", "", 204}, {"::1", "[::1]", "", 204},
		{"192.0.2.1", "gavel.example", "", 204}, {"127.0.0.1", "gavel.example", "one", 204}, {"", "gavel.example", "", 204},
	} {
		r := request("GET", "/", home)
		r.Host = c.host
		if c.local != "" {
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.ParseIP(c.local)}))
		}
		if w := ask(newGate(c.token).KnownHost, r); w.Code != c.want {
			t.Errorf("%q at %q with token %q: %d, want %d", c.host, c.local, c.token, w.Code, c.want)
		}
	}
}

func TestSameOrigin(t *testing.T) {
	t.Parallel()
	const here = "http://gavel.example"
	follow := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	for _, c := range []struct {
		method, path string
		headers      []string
		want         int
	}{
		{"GET", "/events", nil, 204}, {"POST", "/events", nil, 204},
		{"GET", "/events", follow, 204}, {"HEAD", "/events", follow, 204}, {"GET", "/api/v1/events", follow, 403}, {"POST", "/events", follow, 403},
		{"GET", "/events", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
		{"GET", "/events", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "document"}, 403},
		{"HEAD", "/events", []string{"Sec-Fetch-Site", "same-site"}, 403}, {"PUT", "/events", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"GET", "/events", []string{"Sec-Fetch-Site", "same-origin"}, 204}, {"POST", "/events", []string{"Sec-Fetch-Site", "same-origin"}, 204}, {"GET", "/events", []string{"Sec-Fetch-Site", "none"}, 204},
		{"GET", "/events", []string{"Origin", here}, 204}, {"GET", "/events", []string{"Origin", "http://GAVEL.example"}, 204}, {"GET", "/events", []string{"Origin", "http://evil.example"}, 403},
		{"GET", "/events", []string{"Origin", "http://gavel.example:81"}, 403}, {"GET", "/events", []string{"Origin", "null"}, 403}, {"GET", "/events", []string{"Origin", "http://%zz"}, 403},
		{"POST", "/events", []string{"Origin", "http://evil.example"}, 403}, {"POST", "/events", []string{"Origin", here}, 204},
	} {
		r := request(c.method, here+c.path, home, c.headers...)
		if w := ask(access.SameOrigin, r); w.Code != c.want {
			t.Errorf("%s %s with %q: %d, want %d", c.method, c.path, c.headers, w.Code, c.want)
		}
	}
}

func TestSecured(t *testing.T) {
	t.Parallel()
	a := ask(access.Secured, request("GET", "/", home))
	h := a.Header()
	if a.Code != 204 {
		t.Errorf("the answer is %d", a.Code)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestAudited(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]bool{"GET": false, "HEAD": false, "POST": true, "PUT": true, "DELETE": true} {
		g := newGate("one")
		if w := ask(g.Audited, request(method, "/runs/r/retry", home, "Authorization", "Bearer one")); w.Code != 204 {
			t.Errorf("%s is answered %d", method, w.Code)
		}
		line := "msg=\"console write\" method=" + method + " path=/runs/r/retry status=204 remote=" + home + " by=token"
		if got := strings.Contains(g.log.String(), line); got != want || (g.log.Len() > 0) != want {
			t.Errorf("%s: the log is %q", method, g.log.String())
		}
	}
	g := newGate()
	g.Audited(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("the answer cannot be flushed: %v", err)
		}
	})).ServeHTTP(httptest.NewRecorder(), request("POST", "/", home))
	if !strings.Contains(g.log.String(), "status=200") || !strings.Contains(g.log.String(), "by=local") {
		t.Errorf("the log is %q", g.log.String())
	}
}

func TestWhoseHand(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{home: "192.0.2.1", "[::1]:80": "::1", "@": "@"} {
		r := request("POST", "/", from)
		if page, api := access.ByPage(r), access.ByAPI(r); page != "in the console from "+want || api != "over the API from "+want {
			t.Errorf("%s: %q and %q", from, page, api)
		}
	}
}
