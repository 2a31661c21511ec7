package client_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/api/client"
	"github.com/gavel-rules/gavel/event"
)

const token = "sesame-open"

// ask asks a server that answers as h does for one run.
func ask(t *testing.T, h http.HandlerFunc) error {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return askAt(t, client.Options{URL: server.URL, Token: token, Version: "1.2.3"})
}

func askAt(t *testing.T, o client.Options) error {
	t.Helper()
	c, err := client.New(o)
	if err != nil {
		return err
	}
	t.Cleanup(c.Close)
	_, err = c.Run(t.Context(), "r-1")
	if err != nil && strings.Contains(err.Error(), token) {
		t.Errorf("the token stands in %q", err)
	}
	return err
}

// gavel answers as a Gavel does.
func gavel(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(api.VersionHeader, "9.9.9")
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

const problemType = "application/problem+json"

func TestWhatAServerCanAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		kind   error
		text   string
	}{
		"a run":              {gavel(200, "application/json", `{"id":"r-1","attempts":[]}`), nil, ""},
		"fields of tomorrow": {gavel(200, "application/json", `{"id":"r-1","attempts":[],"mood":"good"}`), nil, ""},
		"not there":          {gavel(404, problemType, `{"status":404,"detail":"run \"r-1\": not found"}`), event.ErrNotFound, `run "r-1": not found`},
		"conflict":           {gavel(409, problemType, `{"status":409,"detail":"it has ended"}`), event.ErrConflict, "it has ended"},
		"bad filter":         {gavel(400, problemType, `{"status":400,"detail":"limit"}`), event.ErrInvalid, "limit"},
		"in trouble":         {gavel(503, problemType, `{"status":503,"detail":"the store is away"}`), nil, "http://127.0.0.1"},
		"without words":      {gavel(500, problemType, `{}`), nil, "500 Internal Server Error"},
		"escape sequences":   {gavel(503, problemType, `{"detail":"\u001b[31mred"}`), nil, "\uFFFD[31mred"},
		"wrong token":        {gavel(401, problemType, `{"status":401}`), client.ErrWrongToken, ""},
		"older":              {gavel(404, problemType, `{"type":"`+api.UnknownAddress+`","status":404}`), client.ErrVersion, "gavel/9.9.9; this is gavel/1.2.3): unknown request GET /api/v1/runs/r-1"},
		"other shape":        {gavel(200, "application/json", `{"id":17}`), client.ErrVersion, "gavel/9.9.9"},
		"no JSON":            {gavel(200, "application/json", `<html>`), client.ErrVersion, ""},
		"a web page":         {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>hi</html>")) }, client.ErrNotGavel, "200 text/html"},
		"somebody's API": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("{}"))
		}, client.ErrNotGavel, ""},
		"another's 404":     {http.NotFound, client.ErrNotGavel, "404"},
		"no content":        {gavel(204, "", ""), client.ErrNotGavel, "204"},
		"broken off":        {brokenOff, client.ErrUnreachable, ""},
		"endless":           {endless, nil, "the response is larger than 64 MB"},
		"a problem no JSON": {gavel(400, problemType, `no`), client.ErrNotGavel, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := ask(t, c.answer)
			switch {
			case c.kind == nil && c.text == "":
				if err != nil {
					t.Error(err)
				}
			case err == nil, c.kind != nil && !errors.Is(err, c.kind), !strings.Contains(err.Error(), c.text):
				t.Errorf("the error is %v, want %v with %q", err, c.kind, c.text)
			case strings.Contains(err.Error(), "\x1b"):
				t.Errorf("%q moves the cursor", err)
			}
		})
	}
}

// brokenOff ends in the middle of an answer.
func brokenOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set(api.VersionHeader, "1")
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "100")
	_, _ = w.Write([]byte(`{"id":`))
}

// endless does not stop.
func endless(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set(api.VersionHeader, "1")
	w.Header().Set("Content-Type", "application/json")
	line := []byte(strings.Repeat(" ", 1<<20))
	for {
		if _, err := w.Write(line); err != nil {
			return
		}
	}
}

// TestTokenGoesNowhereElse follows a redirect to another server, and looks at
// what came there.
func TestTokenGoesNowhereElse(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		err := ask(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/api/v1/runs/r-1", status)
		})
		if !errors.Is(err, client.ErrRedirect) || !strings.Contains(fmt.Sprint(err), other.URL) {
			t.Errorf("a redirect with %d: %v", status, err)
		}
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("it was followed %d times", n)
	}
}

func TestTokenIsSent(t *testing.T) {
	t.Parallel()
	err := ask(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token || strings.Contains(r.URL.String(), token) {
			t.Errorf("%s with %q", r.URL, r.Header.Get("Authorization"))
		}
		gavel(200, "application/json", `{"id":"r-1"}`)(w, r)
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]error{
		"http://127.0.0.1:8081": nil, "http://localhost:8081/": nil, "http://[::1]:8081": nil, "https://gavel.acme.example/console": nil,
		"http://gavel.acme.example": client.ErrPlainToken, "http://10.0.0.1:8081": client.ErrPlainToken,
		"http://127.0.0.1.acme.example": client.ErrPlainToken, "http://localhost.acme.example": client.ErrPlainToken,
	} {
		if _, err := client.New(client.Options{URL: address, Token: token}); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
	}
	if _, err := client.New(client.Options{URL: "http://10.0.0.1:8081", Token: token, PlainToken: true}); err != nil {
		t.Errorf("allowed: %v", err)
	}
	if _, err := client.New(client.Options{URL: "http://10.0.0.1:8081"}); err != nil {
		t.Errorf("without a token: %v", err)
	}
	for _, address := range []string{
		"", "127.0.0.1:8081", "gavel.acme.example", "ftp://gavel.acme.example", "http://", "http://:8081", "unix:/run/gavel",
		"https://user:hidden@gavel.acme.example", "https://hidden@gavel.acme.example", "https://gavel.acme.example/?x=hidden",
		"https://gavel.acme.example/#hidden", "http://%zz/hidden",
	} {
		_, err := client.New(client.Options{URL: address, Token: token})
		if err == nil || strings.Contains(err.Error(), "hidden") || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, bad := range []string{"a b", "a\nb", "a\x00", "ä"} {
		if _, err := client.New(client.Options{URL: "http://127.0.0.1:8081", Token: bad}); err == nil || strings.Contains(err.Error(), bad) {
			t.Errorf("token %q: %v", bad, err)
		}
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(gavel(200, "application/json", `{"id":"r-1"}`))
	t.Cleanup(server.Close)
	if err := askAt(t, client.Options{URL: server.URL, Token: token}); !errors.Is(err, client.ErrUntrusted) {
		t.Errorf("an unknown authority: %v", err)
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := askAt(t, client.Options{URL: server.URL, Token: token, CA: ca}); err != nil {
		t.Errorf("with its authority: %v", err)
	}
	name := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	if certificateHas(server.Certificate(), "localhost") {
		t.Fatal("the certificate of the test is for localhost as well")
	}
	if err := askAt(t, client.Options{URL: name, Token: token, CA: ca}); !errors.Is(err, client.ErrUntrusted) {
		t.Errorf("another name: %v", err)
	}
	if err := askAt(t, client.Options{URL: server.URL, CA: []byte("no")}); err == nil || !strings.Contains(err.Error(), "contains no PEM certificate") {
		t.Errorf("a file of something else: %v", err)
	}
	plain := strings.Replace(server.URL, "https", "http", 1)
	if err := askAt(t, client.Options{URL: plain, Token: token}); !errors.Is(err, client.ErrNotGavel) {
		t.Errorf("plain HTTP to a server of HTTPS: %v", err)
	}
}

func certificateHas(c *x509.Certificate, name string) bool { return c.VerifyHostname(name) == nil }

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := askAt(t, client.Options{URL: gone, Token: token}); !errors.Is(err, client.ErrUnreachable) || strings.Count(fmt.Sprint(err), gone) != 1 {
		t.Errorf("nobody listens: %v", err)
	}
	if err := askAt(t, client.Options{URL: gone}); !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("nobody listens, no token: %v", err)
	}
}

// TestInterrupted ends a question that is never answered, as Ctrl-C does.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, _ *http.Request) { close(asked); <-done }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(done) })
	c, err := client.New(client.Options{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if _, err := c.Run(ctx, "r-1"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestPathsHoldAnyID sends ids that look like something else.
func TestPathsHoldAnyID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"..", ".", "a/b", "../../admin", "a?b#c", "%2e", "ä ö", "a%2Fb"} {
		var got atomic.Value
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got.Store(r.URL.EscapedPath())
			gavel(200, "application/json", `{"id":"r-1"}`)(w, r)
		}))
		t.Cleanup(server.Close)
		c, err := client.New(client.Options{URL: server.URL + "/below/"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Run(t.Context(), id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
		path := got.Load().(string)
		if !strings.HasPrefix(path, "/below/api/v1/runs/") || strings.Count(path, "/") != 5 {
			t.Errorf("%q is asked for at %s", id, path)
		}
	}
	if c, err := client.New(client.Options{URL: "http://127.0.0.1:1"}); err != nil {
		t.Error(err)
	} else if _, err := c.Run(t.Context(), ""); !errors.Is(err, event.ErrNotFound) {
		t.Errorf("an empty id: %v", err)
	}
}
