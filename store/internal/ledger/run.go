package ledger

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gavel-rules/gavel/event"
)

// RunColumns are the columns that ScanRun reads, in its order.
const RunColumns = "r.id, r.event_id, r.event_type, r.rule, r.revision, r.meeting, r.shadow, r.status, r.reason," +
	" r.due, r.next, r.tries, r.in_flight, r.follow, r.lanes, r.results, r.created, r.updated, r.finished, r.trace, r.paused_by, r.lapses"

// Place is the place of a run in the order of its meeting.
type Place struct {
	Row      int64 // of the run
	EventSeq int64
	Happened int64 // the event's timestamp in microseconds
	Held     bool
}

// PlaceColumns are the columns that ScanPlaced reads after RunColumns.
const PlaceColumns = "r.rid, r.event_seq, r.happened, r.held"

// Placed is a run with its place.
type Placed struct {
	event.Run
	Place
}

// ScanRun reads RunColumns.
func ScanRun(row Scanner) (*event.Run, error) {
	var p Placed
	if err := scanRun(row, &p.Run); err != nil {
		return nil, err
	}
	return &p.Run, nil
}

// ScanPlaced reads RunColumns and PlaceColumns.
func ScanPlaced(row Scanner) (*Placed, error) {
	var p Placed
	if err := scanRun(row, &p.Run, &p.Row, &p.EventSeq, &p.Happened, &p.Held); err != nil {
		return nil, err
	}
	return &p, nil
}

// ScanPlacedBehind is ScanPlaced with another column before.
func ScanPlacedBehind(row Scanner, first any) (*Placed, error) { return ScanPlaced(behind{row, first}) }

// ScanClaimed reads whether the run was reclaimed, and RunColumns after it.
func ScanClaimed(row Scanner) (*event.Run, error) {
	var r event.Run
	if err := scanRun(behind{row, &r.Reclaimed}, &r); err != nil {
		return nil, err
	}
	return &r, nil
}

// behind is a row with one more column in front.
type behind struct {
	row   Scanner
	first any
}

func (b behind) Scan(dest ...any) error {
	return b.row.Scan(append([]any{b.first}, dest...)...)
}

func scanRun(row Scanner, r *event.Run, more ...any) error {
	var (
		meeting, lanes, trace, paused   *string
		results                         []byte
		status                          string
		due, created, updated, finished int64
	)
	dest := append([]any{
		&r.ID, &r.EventID, &r.EventType, &r.Rule, &r.Revision, &meeting, &r.Shadow, &status, &r.Reason,
		&due, &r.Next, &r.Tries, &r.InFlight, &r.Follow, &lanes, &results, &created, &updated, &finished, &trace, &paused, &r.Lapses,
	}, more...)
	if err := row.Scan(dest...); err != nil {
		return err
	}
	r.Organization, r.EventID = event.SplitKey(r.EventID)
	r.Status = event.Status(status)
	r.Due, r.Created, r.Updated, r.Finished = Time(due), Time(created), Time(updated), Time(finished)
	if meeting != nil {
		_, r.MeetingID = event.SplitKey(*meeting)
	}
	if trace != nil {
		r.Trace = *trace
	}
	if paused != nil {
		r.PausedBy = event.PauseKey(*paused)
	}
	if lanes != nil {
		r.Lanes = DecodeLanes(*lanes)
	}
	decodeResults(r, results)
	if r.Next < event.NextCondition {
		r.Damage = &event.Damage{Reason: fmt.Sprintf("the stored run is damaged: it has no action %d", r.Next), Results: results}
	}
	return nil
}

// decodeResults reads results that may be damaged: an unreadable row must not
// stop the rows read with it.
func decodeResults(r *event.Run, stored []byte) {
	if len(stored) == 0 {
		return
	}
	var results map[string]json.RawMessage
	if json.Unmarshal(stored, &results) != nil {
		r.Damage = &event.Damage{Reason: "the stored results of the run are damaged", Results: stored}
		return
	}
	if raw, ok := results[heldKey]; ok {
		delete(results, heldKey)
		var held event.Held
		if json.Unmarshal(raw, &held) == nil {
			r.HeldBack = &held
		}
	}
	if len(results) > 0 {
		r.Results = results
	}
}

// heldKey is the key of event.Run.HeldBack in the stored results. No action
// has such an id.
const heldKey = "#held"

// laneSeparator separates the lanes of a run; event.Lane uses the neighboring
// separator, and identifiers contain no control characters.
const laneSeparator = "\x1e"

// EncodeLanes returns the lanes as one column, NULL for none.
func EncodeLanes(lanes []string) any { return Null(strings.Join(lanes, laneSeparator)) }

// DecodeLanes is the reverse of EncodeLanes.
func DecodeLanes(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, laneSeparator)
}

// EncodeResults returns the results of a run as JSON, nil for none.
func EncodeResults(r *event.Run) ([]byte, error) {
	if r.Damage != nil {
		return r.Damage.Results, nil
	}
	if len(r.Results) == 0 && r.HeldBack == nil {
		return nil, nil
	}
	results := make(map[string]any, len(r.Results)+1)
	for id, raw := range r.Results {
		results[id] = raw
	}
	if r.HeldBack != nil {
		results[heldKey] = r.HeldBack
	}
	b, err := json.Marshal(results)
	if err != nil {
		return nil, fmt.Errorf("%w results of run %q: %w", event.ErrInvalid, r.ID, err)
	}
	return b, nil
}
