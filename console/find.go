package console

import (
	"context"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/event"
)

const (
	// scanBatch and scanMost bound a search that the store has no index for.
	scanBatch = 250
	scanMost  = 5000
)

// eventList is one page of events.
type eventList struct {
	Events []*event.Record
	// Next is the cursor of the older ones; empty at the end.
	Next string
	// Scanned is how many events were looked through; 0 when the store did it.
	Scanned int
}

// scans reports whether the query asks for what only a look at each event can
// tell.
func (q *eventQuery) scans() bool { return q.Text != "" || q.Owner != "" || q.Outcome != "" }

// findEvents lists events, newest first. A search that has to look at each
// event ends after scanMost of them, with a cursor to go on from.
func (c *Console) findEvents(ctx context.Context, q eventQuery) (eventList, error) {
	if !q.scans() {
		f := q.EventFilter
		f.Limit++
		found, err := c.Ledger.Events(ctx, f)
		if err != nil || len(found) < f.Limit {
			return eventList{Events: found}, err
		}
		found = found[:q.Limit]
		return eventList{Events: found, Next: cursorOf(found[len(found)-1])}, nil
	}
	return c.scanEvents(ctx, q)
}

func (c *Console) scanEvents(ctx context.Context, q eventQuery) (eventList, error) {
	var list eventList
	f := q.EventFilter
	f.Limit = scanBatch
	for list.Scanned < scanMost {
		batch, err := c.Ledger.Events(ctx, f)
		if err != nil {
			return list, err
		}
		for _, rec := range batch {
			list.Scanned++
			if !q.matches(rec) {
				continue
			}
			list.Events = append(list.Events, rec)
			if len(list.Events) == q.Limit {
				list.Next = cursorOf(rec)
				return list, nil
			}
		}
		if len(batch) < scanBatch {
			return list, nil
		}
		f.Before = batch[len(batch)-1].Seq
	}
	list.Next = strconv.FormatInt(f.Before, 10)
	return list, nil
}

func cursorOf(rec *event.Record) string { return strconv.FormatInt(rec.Seq, 10) }

// matches looks at what the store's filter does not. It is also asked for
// every event of a live view, so it looks at the rest as well.
func (q *eventQuery) matches(rec *event.Record) bool {
	ev := rec.Event
	switch {
	case q.Outcome == outcomeMatched && rec.Runs == 0,
		q.Outcome == outcomeUnmatched && rec.Runs > 0,
		q.Outcome == outcomeLate && !rec.Late,
		q.Outcome == outcomeRepeated && rec.Deliveries < 2:
		return false
	case q.Owner != "" && !holds(q.Owner, ev.Meeting.Owner.Username, fullName(ev.Meeting.Owner)):
		return false
	}
	m := ev.Meeting
	return q.Text == "" || holds(q.Text, ev.ID, ev.Type, m.ID, m.EmailMeetingID, m.Info.MeetingName,
		m.Info.PrimaryInviteeName, m.Info.PrimaryInvitee, m.Info.OptionalInvitees, m.Owner.Username, fullName(m.Owner),
		ev.Change.Setting.Title, ev.Change.Setting.Name, ev.Change.ModifiedBy.Username)
}

// selects reports whether an event belongs in a live view of this query.
func (q *eventQuery) selects(rec *event.Record) bool {
	ev := rec.Event
	prefix, pattern := strings.CutSuffix(q.Type, "*")
	switch {
	case q.Type != "" && !pattern && ev.Type != q.Type,
		pattern && !strings.HasPrefix(ev.Type, prefix),
		q.MeetingID != "" && ev.Meeting.ID != q.MeetingID:
		return false
	}
	return q.matches(rec)
}

// holds reports whether one of the texts holds what is looked for, whatever
// the case of its letters.
func holds(what string, texts ...string) bool {
	what = strings.ToLower(what)
	for _, text := range texts {
		if strings.Contains(strings.ToLower(text), what) {
			return true
		}
	}
	return false
}

func fullName(p event.Person) string { return strings.TrimSpace(p.FirstName + " " + p.LastName) }

// runList is one page of runs.
type runList struct {
	Runs []*event.Run
	Next string
}

func (c *Console) findRuns(ctx context.Context, f event.RunFilter) (runList, error) {
	limit := f.Limit
	f.Limit++
	found, err := c.Ledger.Runs(ctx, f)
	if err != nil || len(found) <= limit {
		return runList{Runs: found}, err
	}
	found = found[:limit]
	return runList{Runs: found, Next: found[limit-1].ID}, nil
}
