package console_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/console"
)

func TestLogLevelIsChanged(t *testing.T) {
	t.Parallel()
	level := new(slog.LevelVar)
	var log logbook
	r := setup(t, func(o *console.Options) {
		o.LogLevel = level
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: level}))
	})
	docs := document(t)
	const path = "/api/v1/log-level"
	put := func(body string, headers ...string) answer {
		return r.do(http.MethodPut, path, body, append([]string{"Content-Type", "application/json"}, headers...)...)
	}
	check := func(a answer, status int, body string) {
		t.Helper()
		asDocumented(t, docs, a)
		if a.StatusCode != status || !strings.Contains(a.Body, body) {
			t.Errorf("%d %s, want %d %s", a.StatusCode, a.Body, status, body)
		}
	}
	check(r.do(http.MethodGet, path, ""), 200, `{"level":"info"}`)
	check(put(`{"level":"debug"}`), 200, `{"level":"debug"}`)
	if level.Level() != slog.LevelDebug {
		t.Errorf("the level is %s", level.Level())
	}
	check(put(`{"level":"error"}`), 200, `{"level":"error"}`)
	check(r.do(http.MethodGet, path, ""), 200, `{"level":"error"}`)
	for _, want := range []string{"from=info to=debug", "from=debug to=error"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %s:\n%s", want, log.String())
		}
	}
	check(put(`{"level":"loud"}`), 400, "not debug, info, warn or error")
	check(put(`{"level":"DEBUG"}`), 400, "is not debug")
	check(put(`{}`), 400, "is not debug")
	check(put(`{"levels":"info"}`), 400, "")
	check(r.do(http.MethodPut, path, "level=info"), 415, "")
	if a := put(`{"level":"info"}`, "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"); a.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %d", a.StatusCode)
	}
	if level.Level() != slog.LevelError {
		t.Errorf("after refusals the level is %s", level.Level())
	}
}
