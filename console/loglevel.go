package console

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/gavel-rules/gavel/api"
)

func (c *Console) apiLogLevel(w http.ResponseWriter, r *http.Request) {
	answer(w, r, api.LogLevel{Level: levelName(c.LogLevel.Level())})
}

// apiSetLogLevel changes what is logged until the next start. The change is
// logged itself while the less strict of the two levels is in force, so that
// nobody can switch the log off in silence.
func (c *Console) apiSetLogLevel(w http.ResponseWriter, r *http.Request) {
	var in api.LogLevel
	if !read(w, r, maxRequest, &in) {
		return
	}
	next, err := parseLevel(in.Level)
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	before := c.LogLevel.Level()
	c.LogLevel.Set(min(before, next))
	if next != before {
		c.Logger.Warn("log level changed", "from", levelName(before), "to", levelName(next), "remote", r.RemoteAddr, "by", c.session.Load().who(r))
	}
	c.LogLevel.Set(next)
	c.apiLogLevel(w, r)
}

func levelName(l slog.Level) string { return strings.ToLower(l.String()) }

func parseLevel(name string) (slog.Level, error) {
	for _, l := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if levelName(l) == name {
			return l, nil
		}
	}
	return 0, invalid("level: %q is none of debug, info, warn and error", clip(name, 60))
}
