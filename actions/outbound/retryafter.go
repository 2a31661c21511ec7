package outbound

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

const (
	// longestRetryAfter keeps a mistaken or hostile reply from holding runs up.
	longestRetryAfter = time.Hour
	// From firstEpoch a number of seconds is a moment rather than a time to
	// wait, from firstEpochMillis one in milliseconds: 2001 in both.
	firstEpoch       = 1e9
	firstEpochMillis = 1e12
)

// RetryAfter is what a Retry-After header asks for.
type RetryAfter struct {
	// After lies between 0 and an hour; 0 when the header says nothing that can
	// be understood.
	After time.Duration
	// Known says that the header could be understood.
	Known bool
	// Capped says that the header asked for more than an hour.
	Capped bool
}

// ParseRetryAfter reads a Retry-After header: seconds, an HTTP date or, as some
// servers have it, the moment in seconds or milliseconds since 1970.
func ParseRetryAfter(h string, now time.Time) RetryAfter {
	h = strings.TrimSpace(h)
	if h == "" {
		return RetryAfter{}
	}
	if at, err := http.ParseTime(h); err == nil {
		return upTo(at.Sub(now).Seconds())
	}
	seconds, err := strconv.ParseFloat(h, 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange), !(seconds >= 0): // also not a number
		return RetryAfter{}
	case seconds >= firstEpochMillis:
		return upTo(seconds/1000 - float64(now.UnixMilli())/1000)
	case seconds >= firstEpoch:
		return upTo(seconds - float64(now.UnixMilli())/1000)
	}
	return upTo(seconds)
}

func upTo(seconds float64) RetryAfter {
	if seconds > longestRetryAfter.Seconds() {
		return RetryAfter{After: longestRetryAfter, Known: true, Capped: true}
	}
	return RetryAfter{After: time.Duration(max(seconds, 0) * float64(time.Second)), Known: true}
}

// Heed makes a failure respect the Retry-After header of its reply, and says so
// when it asks for what is not granted.
func Heed(f *event.Failure, header http.Header, now time.Time) {
	h := header.Get("Retry-After")
	r := ParseRetryAfter(h, now)
	f.RetryAfter = r.After
	switch {
	case r.Capped:
		f.Text += fmt.Sprintf("; its Retry-After of %q is limited to %s", Excerpt([]byte(clip(h)), nil), "1h")
	case h != "" && !r.Known:
		f.Text += fmt.Sprintf("; its Retry-After of %q is invalid", Excerpt([]byte(clip(h)), nil))
	}
}

// clip keeps as much of a header as a reason has room for.
func clip(h string) string { return h[:min(len(h), 40)] }
