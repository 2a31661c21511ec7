package query

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/search"
)

const (
	// prefixLeast is how many characters the beginning of an id must have.
	prefixLeast = 4
	// wholeRun is the length of the id of a run.
	wholeRun = 36
	// afterAll sorts after every id.
	afterAll = "\U0010FFFF"
)

// RunID returns the id of the run that ref names: by its id, or by the
// beginning of it if no other run has that. The error is an event.ErrNotFound,
// or an event.ErrConflict that names the runs.
func RunID(ctx context.Context, ledger backend.Ledger, ref string) (string, error) {
	if len(ref) < prefixLeast || len(ref) >= wholeRun {
		return ref, nil
	}
	_, err := ledger.Run(ctx, ref)
	if !errors.Is(err, event.ErrNotFound) {
		return ref, err
	}
	found, listErr := ledger.Runs(ctx, event.RunFilter{After: ref, Before: ref + afterAll, OldestFirst: true, Limit: 4})
	switch {
	case listErr != nil:
		return ref, listErr
	case len(found) == 0:
		return ref, err
	case len(found) == 1:
		return found[0].ID, nil
	}
	var ids []string
	for _, run := range found[:min(3, len(found))] {
		ids = append(ids, fmt.Sprintf("%s (%s)", run.ID, run.Rule))
	}
	more := ""
	if len(found) > 3 {
		more = " and others"
	}
	return ref, fmt.Errorf("%w: several runs begin with %q: %s%s; write more of the id", event.ErrConflict, ref, strings.Join(ids, ", "), more)
}

// EventID returns the id of the event that ref names: by its id, or by the
// beginning of it if no other event has that; ref itself if there is none. The
// error is an event.ErrConflict that names events.
func EventID(ctx context.Context, ledger backend.Ledger, ref string) (string, error) {
	if len(ref) < prefixLeast || strings.Contains(ref, "/") {
		return ref, nil
	}
	_, err := ledger.Event(ctx, ref)
	if !errors.Is(err, event.ErrNotFound) {
		return ref, err
	}
	q := EventQuery{EventFilter: event.EventFilter{Limit: PageMost}, Search: search.New(ref, "")}
	if q.Search.Empty() {
		return ref, nil
	}
	list, listErr := FindEvents(ctx, ledger, q)
	if listErr != nil {
		return ref, listErr
	}
	var found []*event.Event
	for _, rec := range list.Events {
		if strings.HasPrefix(rec.Event.ID, ref) {
			found = append(found, rec.Event)
		}
	}
	switch {
	case len(found) == 0:
		return ref, nil // whoever reads it knows what to say
	case len(found) == 1 && list.Next == "":
		return found[0].Ref(), nil
	}
	var ids []string
	for _, ev := range found[:min(3, len(found))] {
		ids = append(ids, ev.Ref())
	}
	more := ""
	if len(found) > 3 || list.Next != "" {
		more = " and others"
	}
	return ref, fmt.Errorf("%w: several events begin with %q: %s%s; write more of the id", event.ErrConflict, ref, strings.Join(ids, ", "), more)
}
