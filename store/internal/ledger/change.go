package ledger

import (
	"fmt"

	"github.com/gavel-rules/gavel/event"
)

// CanRetry is nil when a run of this status can be retried manually.
func CanRetry(s event.Status) error {
	switch s {
	case event.StatusFailed, event.StatusCanceled, event.StatusSkipped:
		return nil
	case event.StatusSucceeded:
		return fmt.Errorf("%w: the run succeeded; only failed, canceled and skipped runs can be retried", event.ErrConflict)
	}
	return fmt.Errorf("%w: the run is %s; only failed, canceled and skipped runs can be retried", event.ErrConflict, s)
}

// CanCancel is nil when a run of this status can be canceled manually.
func CanCancel(s event.Status) error {
	if s.Done() {
		return fmt.Errorf("%w: the run has ended: it is %s", event.ErrConflict, s)
	}
	return nil
}

// CanMove is nil when a run of this status is not being carried out and can
// get another due time.
func CanMove(s event.Status) error {
	switch {
	case s == event.StatusPending || s == event.StatusWaiting:
		return nil
	case s == event.StatusRunning:
		return fmt.Errorf("%w: the run is being carried out", event.ErrConflict)
	}
	return fmt.Errorf("%w: the run has ended: it is %s", event.ErrConflict, s)
}
