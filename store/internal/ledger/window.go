package ledger

import (
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/store/window"
)

// Counted returns the occurrence of an accepted event.
func Counted(a *event.Acceptance, seq int64) event.Occurrence {
	return event.Occurrence{EventID: a.Event.Key(), Seq: seq, At: Time(Micros(a.Event.Timestamp))}
}

// AskWindows applies the windows of a rule to a new run, unless it has ended
// already, and adds runs that this ends to the receipt.
func AskWindows(book window.Book, a *event.Acceptance, p *event.PlannedRun, r *event.Run, seq int64, receipt *event.Receipt) error {
	if len(p.Windows) > 0 && r.Status == event.StatusPending {
		if err := window.Decide(book, p, r, Counted(a, seq), a.Now); err != nil {
			return err
		}
	}
	if r.Status.Done() && !p.Status.Done() {
		receipt.EndedAtOnce = append(receipt.EndedAtOnce, r)
	}
	return nil
}

// OccurrenceColumns are the columns that ScanOccurrence reads, in its order.
const OccurrenceColumns = "w.event_id, w.event_seq, w.happened"

// ScanOccurrence reads OccurrenceColumns.
func ScanOccurrence(row Scanner) (event.Occurrence, error) {
	var (
		o        event.Occurrence
		happened int64
	)
	err := row.Scan(&o.EventID, &o.Seq, &happened)
	o.At = Time(happened)
	return o, err
}

// ScanGathered reads an event's key, its time, its body, which is NULL when
// the event is no longer stored, and the number of gathered events. If the
// body is sealed, the id is the event's key, so that the caller can read the
// event again and open it.
func ScanGathered(row Scanner, count *int) (event.Gathered, error) {
	var (
		id       string
		happened int64
		body     []byte
	)
	if err := row.Scan(&id, &happened, &body, count); err != nil {
		return event.Gathered{}, err
	}
	if ev, err := decode.Event(body); err == nil {
		return event.Gather(ev), nil
	}
	if body == nil {
		_, id = event.SplitKey(id)
	}
	return event.GatherGone(id, Time(happened)), nil
}
