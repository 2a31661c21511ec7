package httpapi

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/words"
)

func (a *API) logLevel(w http.ResponseWriter, r *http.Request) {
	answer.JSON(w, r, api.LogLevel{Level: levelName(a.LogLevel.Level())})
}

// setLogLevel changes the log level until the next start. The change itself is
// logged at the more verbose of the two levels, so that nobody can turn the
// log off silently.
func (a *API) setLogLevel(w http.ResponseWriter, r *http.Request) {
	var in api.LogLevel
	if !read(w, r, maxRequest, &in) {
		return
	}
	next, err := parseLevel(in.Level)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	before := a.LogLevel.Level()
	a.LogLevel.Set(min(before, next))
	if next != before {
		a.Logger.Warn("log level changed", "from", levelName(before), "to", levelName(next), "remote", r.RemoteAddr, "by", a.access.Who(r))
	}
	a.LogLevel.Set(next)
	a.logLevel(w, r)
}

func levelName(l slog.Level) string { return strings.ToLower(l.String()) }

func parseLevel(name string) (slog.Level, error) {
	for _, l := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if levelName(l) == name {
			return l, nil
		}
	}
	return 0, answer.Invalid("level: %q is not debug, info, warn or error", words.Clip(name, 60))
}
