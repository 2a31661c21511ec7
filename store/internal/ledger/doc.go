// Package ledger holds what both databases share: how times, runs, events and
// attempts look as rows, which filters become which SQL, and the words that
// the store itself writes into a run's history.
package ledger

import (
	"strings"
	"time"
)

// Scanner is a row of database/sql or of pgx.
type Scanner interface {
	Scan(dest ...any) error
}

// Micros turns a time into what the databases keep: microseconds since 1970,
// and 0 for the zero time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// latest is the last moment that JSON can write.
var latest = time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)

// Time is the reverse of Micros, in UTC. A moment past the year 9999, which
// would spoil every list that it is in, becomes the last one before.
func Time(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(min(micros, latest.UnixMicro())).UTC()
}

// Clean makes text from outside fit for every database: valid UTF-8 without
// NUL bytes, which PostgreSQL refuses.
func Clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}

// Null turns the empty string into a NULL.
func Null(s string) any {
	if s == "" {
		return nil
	}
	return s
}
