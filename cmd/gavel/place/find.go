package place

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/day"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event/search"
	"github.com/gavel-rules/gavel/privacy"
)

// A database is searched as a server searches its own, page by page.

func (d storeDesk) ledger() *privacy.Shown { return privacy.Show(d.Store, d.Private) }

// FindEvents implements EventDesk.
func (d storeDesk) FindEvents(ctx context.Context, q api.EventQuery) ([]api.Event, error) {
	most, found := q.Limit, []api.Event{}
	f := query.EventQuery{EventFilter: q.EventFilter, Search: search.New(q.Q, q.Owner)}
	for {
		f.Limit = min(most-len(found), query.PageMost)
		page, err := query.FindEvents(ctx, d.ledger(), f)
		if err != nil {
			return nil, err
		}
		events, err := query.ListedEvents(ctx, d.ledger(), page.Events)
		if err != nil {
			return nil, err
		}
		found = append(found, events...)
		if page.Next == "" || len(found) >= most {
			return found, nil
		}
		if f.Before, err = strconv.ParseInt(page.Next, 10, 64); err != nil {
			return nil, err
		}
	}
}

// Event implements EventDesk.
func (d storeDesk) Event(ctx context.Context, ref string) (*api.EventDetail, error) {
	id, err := query.EventID(ctx, d.ledger(), ref)
	if err != nil {
		return nil, err
	}
	return d.Desk.Event(ctx, id)
}

// FindRuns implements RunDesk.
func (d storeDesk) FindRuns(ctx context.Context, q api.RunQuery) ([]api.ListedRun, error) {
	most, found := q.Limit, []api.ListedRun{}
	values := url.Values{}
	f := query.RunQuery{RunFilter: q.RunFilter, Search: search.New(q.Q, q.Owner)}
	for {
		f.Limit = min(most-len(found), query.PageMost)
		page, err := query.FindNamedRuns(ctx, d.ledger(), f)
		if err != nil {
			return nil, err
		}
		found = append(found, page.Runs...)
		if page.Next == "" || len(found) >= most {
			return found, nil
		}
		values.Set("sort", string(f.Sort))
		values.Set("cursor", page.Next)
		next, err := query.ParseRuns(values, time.Now())
		if err != nil {
			return nil, err
		}
		f.Before, f.Behind = next.Before, next.Behind
	}
}

// Day implements RuleDesk.
func (d storeDesk) Day(ctx context.Context) (*api.Day, error) {
	found, err := day.Read(ctx, d.ledger(), time.Now())
	return &found.Day, err
}
