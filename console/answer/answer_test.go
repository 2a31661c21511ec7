package answer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/event"
)

func TestJSON(t *testing.T) {
	t.Parallel()
	ask := func(method, ifNoneMatch string, v any) *httptest.ResponseRecorder {
		r, w := httptest.NewRequest(method, "/", nil), httptest.NewRecorder()
		if ifNoneMatch != "" {
			r.Header.Set("If-None-Match", ifNoneMatch)
		}
		answer.JSON(w, r, v)
		return w
	}
	first := ask("GET", "", map[string]string{"a": "<é>"})
	tag := first.Header().Get("ETag")
	if first.Code != 200 || first.Body.String() != "{\"a\":\"<é>\"}\n" || first.Header().Get("Content-Type") != "application/json" ||
		first.Header().Get("Cache-Control") != "private, no-cache" || !strings.HasPrefix(tag, `"`) || !strings.HasSuffix(tag, `"`) || len(tag) < 10 {
		t.Errorf("%d %v %s", first.Code, first.Header(), first.Body)
	}
	if other := ask("GET", "", map[string]string{"a": "b"}).Header().Get("ETag"); other == tag {
		t.Errorf("two bodies share the tag %s", tag)
	}
	for _, c := range []struct {
		method, given string
		want          int
	}{
		{"GET", tag, 304}, {"HEAD", tag, 304}, {"GET", "W/" + tag, 304}, {"GET", `"x" , ` + tag, 304}, {"GET", "*", 304},
		{"POST", tag, 200}, {"PUT", "*", 200}, {"GET", `"x"`, 200}, {"GET", strings.Trim(tag, `"`), 200}, {"GET", "", 200},
	} {
		a := ask(c.method, c.given, map[string]string{"a": "<é>"})
		if a.Code != c.want || (a.Body.Len() == 0) != (c.want == 304) || a.Header().Get("ETag") != tag {
			t.Errorf("%s with %s: %d %q", c.method, c.given, a.Code, a.Body)
		}
	}
	if a := ask("GET", "", make(chan int)); a.Code != 500 || a.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("what is no JSON: %d %s", a.Code, a.Body)
	}
}

func TestFailure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		detail string
	}{
		{answer.Invalid("%s is %d too long", "a", 3), 400, "invalid: a is 3 too long"},
		{fmt.Errorf("x: %w", event.ErrNotFound), 404, "x: not found"},
		{event.ErrConflict, 409, event.ErrConflict.Error()},
		{event.ErrDuplicate, 409, event.ErrDuplicate.Error()},
		{fmt.Errorf("dial 10.0.0.1: %w", event.ErrUnavailable), 503, "internal error; see the log of Gavel"},
		{errors.New("secret table is gone"), 500, "internal error; see the log of Gavel"},
	} {
		var log bytes.Buffer
		w := httptest.NewRecorder()
		answer.Failure(w, httptest.NewRequest("GET", "/api/v1/runs", nil), slog.New(slog.NewTextHandler(&log, nil)), c.err)
		var p api.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		want := api.Problem{Type: "about:blank", Title: http.StatusText(c.status), Status: c.status, Detail: c.detail}
		if w.Code != c.status || p != want || w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%v: %d %v %+v, want %+v", c.err, w.Code, w.Header(), p, want)
		}
		if logged := strings.Contains(log.String(), c.err.Error()) && strings.Contains(log.String(), "/api/v1/runs"); logged != (c.status >= 500) {
			t.Errorf("%v: the log is %q", c.err, log.String())
		}
	}
}
