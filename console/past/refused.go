package past

import (
	"context"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/day"
	"github.com/gavel-rules/gavel/console/words"
	"github.com/gavel-rules/gavel/event"
)

// Refused reads what was stored, sent and refused over the last day, and what
// was refused over the last week.
func Refused(ctx context.Context, ledger backend.Ledger, now time.Time) (*api.Refused, error) {
	today, err := day.Read(ctx, ledger, now)
	if err != nil {
		return nil, err
	}
	counts, err := ledger.Counts(ctx)
	if err != nil {
		return nil, err
	}
	list, err := ledger.Refusals(ctx)
	if err != nil {
		return nil, err
	}
	out := &api.Refused{
		Since: today.Since, Events: today.Events, LastEvent: today.LastEvent, OldestDue: counts.OldestDue,
		Unsent: map[event.Status]int64{}, Requests: today.Refusals(), Reasons: today.Refused, Items: []api.Refusal{},
	}
	for _, s := range []event.Status{event.StatusPending, event.StatusRunning, event.StatusWaiting, event.StatusFailed} {
		out.Unsent[s] = counts.Runs[s]
	}
	for _, r := range list {
		out.Items = append(out.Items, api.Refusal{Refusal: r, Text: words.RefusalWord(r.Reason), Hint: words.RefusalHint(r.Reason)})
	}
	return out, nil
}
