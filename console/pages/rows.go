package pages

import (
	"context"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

// eventRow is an event in a list.
type eventRow struct {
	ID, Type          string
	Received          time.Time
	Title, Owner, Who string
	MeetingID         string
	Runs, Deliveries  int
	Late              bool
	Failed            int    // of its runs, now
	Day               string // in the first row of each day
}

func rowOf(rec *event.Record) eventRow {
	ev, about := rec.Event, api.AboutOf(rec.Event)
	return eventRow{
		ID: ev.ID, Type: ev.Type, Received: ev.Received, MeetingID: ev.Meeting.ID,
		Title: about.Title, Owner: about.Owner, Who: about.Invitee,
		Runs: rec.Runs, Deliveries: rec.Deliveries, Late: rec.Late,
	}
}

// runRow is a run in a list, with the title of its event.
type runRow struct {
	*event.Run
	Title, Who   string
	Acknowledged bool
	Day          string // in the first row of each day
	ByDay        bool
}

// days names the day of each moment that has another day than the one before.
func days[T any](rows []T, zone *time.Location, at func(*T) (moment time.Time, day *string)) {
	last := ""
	for i := range rows {
		moment, day := at(&rows[i])
		if name := moment.In(zone).Format("Monday, 2 January 2006"); name != last {
			*day, last = name, name
		}
	}
}

// runRows looks up the titles of the events. If an event cannot be read, its
// row has none.
func (p *Pages) runRows(ctx context.Context, runs []*event.Run) []runRow {
	about := map[string]eventRow{}
	var ids []string
	for _, run := range runs {
		if _, seen := about[run.EventKey()]; !seen {
			about[run.EventKey()] = eventRow{}
			ids = append(ids, run.EventRef())
		}
	}
	if len(ids) > 0 {
		_ = query.EachEvent(ctx, p.Ledger, event.EventFilter{IDs: ids, Limit: len(ids)}, func(rec *event.Record) bool {
			about[rec.Event.Key()] = rowOf(rec)
			return true
		})
	}
	rows := make([]runRow, 0, len(runs))
	for _, run := range runs {
		rows = append(rows, runRow{Run: run, Title: about[run.EventKey()].Title, Who: about[run.EventKey()].Who})
	}
	return rows
}
