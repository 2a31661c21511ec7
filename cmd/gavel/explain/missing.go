package explain

import (
	"context"
	"fmt"

	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/event"
)

// neverStored explains why an event is not stored. Duplicates and late events
// are stored, so it was neither.
func neverStored(ctx context.Context, d place.ExplainDesk, where, id string) error {
	return fmt.Errorf(`event %q never got here: it is no file, and %s, which holds %s, has none with this id (%w).
A duplicate or a late event would be stored, so it was one of these:
- refused: a request with a bad signature (401) or a malformed body (400) is not kept. The log of "gavel serve" has
  a line "request rejected" with the reason of each, and the metric gavel_rejections_total counts them since it started.
- not taken: while the database could not store it, the answer was 503, and the sender tries again.
- never sent to this Gavel: the sender's list of attempts tells.
- removed, after the time of --keep`, id, where, holdings(ctx, d), event.ErrNotFound)
}

// holdings returns how many events there are, and from when to when. What
// cannot be read is left out.
func holdings(ctx context.Context, d place.ExplainDesk) string {
	h, err := d.Holdings(ctx)
	if err != nil {
		return "other events"
	}
	out := terminal.Counted(int(h.Events), "event", "events")
	if h.First.IsZero() || h.Last.IsZero() {
		return out
	}
	return fmt.Sprintf("%s received from %s to %s", out, terminal.Clock(h.First), terminal.Clock(h.Last))
}
