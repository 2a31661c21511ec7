package ledger

import "github.com/gavel-rules/gavel/event"

// ErasedMark is the name of the mark that counts erased events.
const ErasedMark = "erased"

// ScanFacts reads block, events, newest and data, which is NULL when it was not
// asked for.
func ScanFacts(row Scanner) (event.Facts, error) {
	var (
		f      event.Facts
		newest int64
	)
	err := row.Scan(&f.Block, &f.Events, &newest, &f.Data)
	f.Newest = Time(newest)
	return f, err
}

// ScanFollowUps reads rule, status and count.
func ScanFollowUps(row Scanner) (event.FollowUps, error) {
	var (
		f      event.FollowUps
		status string
	)
	err := row.Scan(&f.Rule, &status, &f.Count)
	f.Status = event.Status(status)
	return f, err
}
