package ledger

import (
	"fmt"

	"github.com/gavel-rules/gavel/event"
)

// PauseColumns are the columns that ScanPause reads, in its order.
const PauseColumns = "key, since, ends, reason, author"

// ScanPause reads PauseColumns.
func ScanPause(row Scanner) (event.Pause, error) {
	var (
		p           event.Pause
		key         string
		since, ends int64
	)
	err := row.Scan(&key, &since, &ends, &p.Reason, &p.By)
	p.Key, p.Since, p.Until = event.PauseKey(key), Time(since), Time(ends)
	return p, err
}

// PauseArgs are the values of a pause in the order of PauseColumns.
func PauseArgs(p *event.Pause) []any {
	return []any{Clean(string(p.Key)), Micros(p.Since), Micros(p.Until), Clean(p.Reason), Clean(p.By)}
}

// ErrPaused is the error for a pause of what is paused already.
func ErrPaused(key event.PauseKey) error {
	return fmt.Errorf("%w: %s is paused already", event.ErrConflict, key.Title())
}

// ErrNotPaused is the error for the end of a pause that does not exist.
func ErrNotPaused(key event.PauseKey) error {
	return fmt.Errorf("%s is not paused: %w", key.Title(), event.ErrNotFound)
}
