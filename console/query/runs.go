package query

import (
	"context"
	"strconv"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/search"
)

// RunList is one page of runs.
type RunList struct {
	Runs []*event.Run
	Next string
}

// FindRuns lists runs, newest first.
func FindRuns(ctx context.Context, ledger backend.Ledger, f event.RunFilter) (RunList, error) {
	limit := f.Limit
	f.Limit++
	found, err := ledger.Runs(ctx, f)
	if err != nil || len(found) <= limit {
		return RunList{Runs: found}, err
	}
	found = found[:limit]
	return RunList{Runs: found, Next: cursorOfRun(f, found[limit-1])}, nil
}

// cursorOfRun returns the cursor that continues a list after a run.
func cursorOfRun(f event.RunFilter, r *event.Run) string {
	if f.Sort == event.SortDue {
		return strconv.FormatInt(r.Due.UnixMicro(), 10) + "-" + r.ID
	}
	return r.ID
}

// Continued returns the filter for the runs of a list after this one.
func Continued(f event.RunFilter, last *event.Run) event.RunFilter {
	if f.Sort == event.SortDue {
		f.Behind = &event.RunPlace{Due: last.Due, ID: last.ID}
	} else {
		f.Before = last.ID
	}
	return f
}

// RunQuery selects a list of runs, also by what a person types about their
// events.
type RunQuery struct {
	event.RunFilter
	Search search.Query
}

// NamedRuns is one page of runs with what their events are about. Next is the
// cursor of the next page, which exists also when a search ended early.
type NamedRuns struct {
	Runs []api.ListedRun
	Next string
}

// FindNamedRuns lists runs with what their events are about. A search reads at
// most scanMost runs and then has a cursor to continue.
func FindNamedRuns(ctx context.Context, ledger backend.Ledger, q RunQuery) (NamedRuns, error) {
	found, err := findNamedRuns(ctx, ledger, q)
	if err != nil {
		return found, err
	}
	return found, acknowledge(ctx, ledger, found.Runs)
}

func findNamedRuns(ctx context.Context, ledger backend.Ledger, q RunQuery) (NamedRuns, error) {
	out := NamedRuns{Runs: []api.ListedRun{}}
	if q.Search.Empty() {
		list, err := FindRuns(ctx, ledger, q.RunFilter)
		if err != nil {
			return out, err
		}
		events, err := eventsOf(ctx, ledger, list.Runs, q.Search)
		for _, run := range list.Runs {
			out.Runs = append(out.Runs, named(run, events))
		}
		out.Next = list.Next
		return out, err
	}
	f := q.RunFilter
	f.Limit = scanBatch
	for scanned := 0; scanned < scanMost; scanned += scanBatch {
		batch, err := ledger.Runs(ctx, f)
		if err != nil {
			return out, err
		}
		events, err := eventsOf(ctx, ledger, batch, q.Search)
		if err != nil {
			return out, err
		}
		for _, run := range batch {
			if ev := events[run.EventKey()]; ev == nil || !ev.fits {
				continue
			}
			if len(out.Runs) == q.Limit {
				return out, nil
			}
			out.Runs, out.Next = append(out.Runs, named(run, events)), cursorOfRun(f, run)
		}
		if len(batch) < scanBatch {
			out.Next = ""
			return out, nil
		}
		last := batch[len(batch)-1]
		out.Next = cursorOfRun(f, last)
		f = Continued(f, last)
	}
	return out, nil
}

// eventOfRun is what a list of runs tells of an event, which may be large.
type eventOfRun struct {
	about api.About
	fits  bool // the search
}

// eventsOf reads the events of runs, by key; those that are not stored any more
// are nil.
func eventsOf(ctx context.Context, ledger backend.Ledger, runs []*event.Run, q search.Query) (map[string]*eventOfRun, error) {
	found := map[string]*eventOfRun{}
	var ids []string
	for _, run := range runs {
		if _, seen := found[run.EventKey()]; !seen {
			found[run.EventKey()] = nil
			ids = append(ids, run.EventRef())
		}
	}
	if len(ids) == 0 {
		return found, nil
	}
	err := EachEvent(ctx, ledger, event.EventFilter{IDs: ids, Limit: len(ids)}, func(rec *event.Record) bool {
		found[rec.Event.Key()] = &eventOfRun{api.AboutOf(rec.Event), q.Empty() || q.Fits(search.Words(rec.Event))}
		return true
	})
	return found, err
}

func named(run *event.Run, events map[string]*eventOfRun) api.ListedRun {
	listed := api.ListedRun{Run: run}
	if ev := events[run.EventKey()]; ev != nil {
		listed.About = ev.about
	}
	return listed
}
