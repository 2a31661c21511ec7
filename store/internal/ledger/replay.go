package ledger

import (
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Stored describes a stored event that is replayed.
type Stored struct {
	Key      string
	Seq      int64
	Happened int64 // in microseconds
	Type     string
	Meeting  string // its key; empty when it has none
	// Newest is the key of its meeting's newest event, if that is newer than
	// this one; otherwise empty.
	Newest string
}

// Replayed returns the replayed event as if it were accepted now, for Start.
func Replayed(r *event.Replay, s *Stored) *event.Acceptance {
	organization, id := event.SplitKey(s.Key)
	_, meeting := event.SplitKey(s.Meeting)
	return &event.Acceptance{
		Event: &event.Event{
			Envelope: event.Envelope{OrganizationGUID: organization, ID: id, Type: s.Type, Timestamp: Time(s.Happened)},
			Meeting:  &event.Meeting{ID: meeting}, Received: r.Now,
		},
		Revision: r.Revision, Now: r.Now,
	}
}

// Restart returns a run of a replay as it is first stored.
func Restart(a *event.Acceptance, r *event.ReplayedRun, s *Stored) *event.Run {
	return Start(a, &r.PlannedRun, s.Newest != "", s.Newest)
}

// HadOnce is event.Run.HasHad as a condition.
const HadOnce = "r.status <> 'skipped' OR r.next > 0 OR (length(r.id) = 36 AND substr(r.id, 15, 1) = '8')"

// Asked returns the history line that says who replayed the event.
func Asked(r *event.Replay, runID string, now time.Time) event.Attempt {
	return Change(runID, now, r.Reason)
}
