// Package ledger has what both databases share: how times, runs, events and
// attempts are stored as rows, how filters become SQL, and the texts that the
// store itself writes into a run's history.
package ledger

import (
	"strings"
	"time"
)

// Scanner is a row of database/sql or of pgx.
type Scanner interface {
	Scan(dest ...any) error
}

// Micros converts a time to what the databases store: microseconds since 1970,
// and 0 for the zero time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// latest is the last time that JSON can represent.
var latest = time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)

// Time is the reverse of Micros, in UTC. A time after the year 9999, which
// would make a list fail to encode, becomes the last one before.
func Time(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(min(micros, latest.UnixMicro())).UTC()
}

// Clean makes text storable in every database: valid UTF-8 without NUL bytes,
// which PostgreSQL rejects.
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
