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
	// longestRetryAfter limits how long a wrong or hostile reply delays runs.
	longestRetryAfter = time.Hour
	// A number from firstEpoch is a Unix time in seconds, from firstEpochMillis
	// one in milliseconds, rather than a delay. Both are in 2001.
	firstEpoch       = 1e9
	firstEpochMillis = 1e12
)

// RetryAfter is a parsed Retry-After header.
type RetryAfter struct {
	// After is between 0 and an hour; 0 if the header is missing or invalid.
	After time.Duration
	// Known is set if the header is valid.
	Known bool
	// Capped is set if the header asked for more than an hour.
	Capped bool
}

// ParseRetryAfter parses a Retry-After header: seconds, an HTTP date or, as some
// servers send it, a Unix time in seconds or milliseconds.
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

// Heed sets f.RetryAfter from the Retry-After header of its reply. If the header
// is invalid or asks for more than an hour, f.Text says so.
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

// clip limits a header to 40 bytes.
func clip(h string) string { return h[:min(len(h), 40)] }
