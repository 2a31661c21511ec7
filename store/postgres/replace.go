package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// single identifies the runs of which only one is kept.
type single struct {
	meeting, rule string
	shadow        bool
}

func singleOf(r *event.Run) single { return single{r.MeetingKey(), r.Rule, r.Shadow} }

// replace ends a run that follows its meeting, because the event starts its
// rule again. A run that is being sent ends before its next attempt.
func (t *transaction) replace(a *event.Acceptance, p *ledger.Placed, receipt *event.Receipt) {
	if ledger.CanDrop(&p.Run) {
		t.drop(p, a.Now, ledger.ReplaceReason(a.Event.Key()))
		receipt.Replaced++
		return
	}
	t.out.single.Queue(`UPDATE gavel_runs SET replaced = $2 WHERE rid = $1`, p.Row, a.Event.Key())
}

// replaceUnslept marks the earlier runs that have not reached their wait, so
// that they end there.
func (t *transaction) replaceUnslept(r *event.Run) {
	if r.MeetingID == "" || r.Status.Done() {
		return
	}
	t.replaced[singleOf(r)] = r.EventKey()
	t.out.single.Queue(`UPDATE gavel_runs SET replaced = $4 WHERE meeting = $1 AND rule = $2 AND shadow = $3
		AND replaced = '' AND NOT follow AND status IN ('pending', 'running')`, r.MeetingKey(), r.Rule, r.Shadow, r.EventKey())
}

// replacedAlready marks a run of a late event if a run of a newer one is open.
func (t *transaction) replacedAlready(r newRun, newest string) {
	if r.MeetingID == "" || r.Status.Done() {
		return
	}
	t.out.single.Queue(`UPDATE gavel_runs SET replaced = $7 WHERE rid = $1 AND EXISTS (SELECT 1 FROM gavel_runs o
		WHERE o.meeting = $2 AND o.rule = $3 AND o.shadow = $4 AND (o.happened, o.event_seq) > ($5, $6)
		AND (o.follow AND o.status IN ('pending', 'waiting', 'running')
			OR o.replaced = '' AND NOT o.follow AND o.status IN ('pending', 'running')))`,
		r.row, r.MeetingKey(), r.Rule, r.Shadow, r.happened, r.seq, newest)
}

// replacedBy returns the event that started the run's rule again, before this
// transaction or earlier in it.
func (t *transaction) replacedBy(l *leased, r *event.Run) string {
	if id := t.replaced[singleOf(r)]; id != "" && id != r.EventKey() {
		return id
	}
	return l.replaced
}

// replaceFollowers lets a replayed run replace those of its rule that follow
// the meeting.
func (t *transaction) replaceFollowers(ctx context.Context, tx pgx.Tx, a *event.Acceptance, r *event.Run) error {
	const text = `SELECT ` + ledger.RunColumns + `, ` + ledger.PlaceColumns + ` FROM gavel_runs r
		WHERE r.meeting = $1 AND r.follow AND r.status IN ('pending', 'waiting', 'running') AND r.rule = $2 AND r.shadow = $3 ORDER BY r.rid FOR UPDATE`
	rows, err := tx.Query(ctx, text, r.MeetingKey(), r.Rule, r.Shadow)
	if err != nil {
		return err
	}
	var followers []*ledger.Placed
	if err := each(func(row ledger.Scanner) error {
		p, err := ledger.ScanPlaced(row)
		followers = append(followers, p)
		return err
	})(rows); err != nil {
		return err
	}
	for _, p := range followers {
		t.replace(a, p, &event.Receipt{})
	}
	return nil
}
