package below_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gavel-rules/gavel/console/below"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "/": "", "/gavel": "/gavel", "/gavel/": "/gavel", "/a/b.c/~d": "/a/b.c/~d"} {
		if p, err := below.Parse(text); err != nil || string(p) != want {
			t.Errorf("%q: %q %v, want %q", text, p, err, want)
		}
	}
	for _, text := range []string{"gavel", "//", "//evil.example", "/a//b", "/..", "/a/../b", "/.hidden", "/a b", "/%2e", `/"x`, "/{{.}}", "/ä", "/a;b", "https://gavel.example/x"} {
		if p, err := below.Parse(text); err == nil {
			t.Errorf("%q is accepted as %q", text, p)
		}
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	p, err := below.Parse("/gavel")
	if err != nil {
		t.Fatal(err)
	}
	h := p.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Path", r.URL.EscapedPath())
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusSeeOther)
		}
	}))
	check := func(address, path, location string) {
		t.Helper()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
		if got := w.Header().Get("Path"); got != path {
			t.Errorf("%s: the console sees %s, want %s", address, got, path)
		}
		if got := w.Header().Get("Location"); got != location {
			t.Errorf("%s leads to %q, want %q", address, got, location)
		}
	}
	check("/gavel", "/", "")
	check("/gavel/", "/", "")
	check("/gavel/events/a%2Fb", "/events/a%2Fb", "")
	check("/gavelled", "/gavelled", "")
	check("/events/a%2Fb", "/events/a%2Fb", "") // the proxy has removed the prefix
	check("/%67avel/events/a%2Fb", "/%67avel/events/a%2Fb", "")
	check("/gavel/gavel/x", "/gavel/x", "")
	check("/gavel/?to=/login", "/", "/gavel/login")
	check("/?to=/login?next=%252Fevents", "/", "/gavel/login?next=%2Fevents")
	check("/gavel/?to=https://slack.example/x", "/", "https://slack.example/x")
}
