package outbound

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// longestRetryAfter keeps a mistaken or hostile reply from parking a run.
const longestRetryAfter = 24 * time.Hour

// ParseRetryAfter reads a Retry-After header: seconds or an HTTP date. The
// result lies between 0 and 24 hours; ok is false when the header says nothing
// that can be understood.
func ParseRetryAfter(h string, now time.Time) (after time.Duration, ok bool) {
	h = strings.TrimSpace(h)
	if h == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseFloat(h, 64); err == nil {
		switch {
		case !(seconds >= 0): // also not a number
			return 0, false
		case seconds >= longestRetryAfter.Seconds():
			return longestRetryAfter, true
		}
		return time.Duration(seconds * float64(time.Second)), true
	}
	at, err := http.ParseTime(h)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), longestRetryAfter), true
}
