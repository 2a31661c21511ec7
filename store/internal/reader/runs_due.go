package reader

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// runsDue returns the query for the runs that f selects in the order of their
// due time. It reads a few rows of an index, however many runs wait; only the
// pending runs of one rule are sorted.
func (d Dialect) runsDue(f event.RunFilter) (string, []any) {
	q := d.query()
	q.about(f)
	q.created(f, false)
	if !f.DueBefore.IsZero() {
		q.and("r.due < %s", ledger.Micros(f.DueBefore))
	}
	if after := f.Behind; after != nil {
		due := ledger.Micros(after.Due)
		q.and("r.due >= %s", due)
		q.where = append(q.where, fmt.Sprintf("(r.due > %s OR r.id > %s)", q.arg(due), q.arg(after.ID)))
	}
	narrow := f.EventID != "" || f.MeetingID != ""
	if f.Held != "" && (narrow || f.Rule != "") {
		q.and(d.aside+"r.paused_by = %s", string(f.Held))
	}
	if narrow {
		among(q, d.aside+"r.status", words(open(f.Statuses)))
		if f.Rule != "" {
			q.and(d.aside+"r.rule = %s", f.Rule)
		}
		return q.sql(runColumns(f), "runs r", "r.due, r.id", f.Limit), q.args
	}
	branches := q.dueBranches(f)
	if len(branches) == 0 {
		q.where = []string{"1 = 0"}
		q.args = nil
		return q.sql(runColumns(f), "runs r", "r.due, r.id", f.Limit), q.args
	}
	n, shared := q.arg(bounded(f.Limit)), q.where
	var parts []string
	for i, b := range branches {
		q.where = append(slices.Clone(shared), b.also...)
		parts = append(parts, fmt.Sprintf("SELECT * FROM (SELECT r.id, r.due FROM %sruns r%s%s ORDER BY r.due, r.id LIMIT %s) AS b%d",
			q.tables, q.by(b.index), q.conditions(), n, i))
	}
	return fmt.Sprintf("SELECT %s FROM %sruns r WHERE r.id IN (SELECT id FROM (%s) AS all_of_them ORDER BY due, id LIMIT %s) ORDER BY r.due, r.id LIMIT %s",
		runColumns(f), q.tables, strings.Join(parts, " UNION ALL "), n, n), q.args
}

// dueBranches returns the parts of an index that have what the filter selects,
// in the order of the due time.
func (q *query) dueBranches(f event.RunFilter) []branch {
	states := open(f.Statuses)
	if len(states) == 0 {
		return nil
	}
	if f.Rule == "" {
		wanted := in(q, q.aside+"r.status", words(states))
		if f.Held != "" {
			return []branch{{index: "runs_paused", also: []string{"r.paused_by = " + q.arg(string(f.Held)), wanted}}}
		}
		either := q.oneOf("r.status", event.StatusPending, event.StatusWaiting)
		return []branch{
			{index: "runs_due", also: []string{q.isFalse("r.held"), either, wanted}},
			{index: "runs_held", also: []string{q.isTrue("r.held"), either, wanted}},
		}
	}
	var list []branch
	rule := "r.rule = " + q.arg(f.Rule)
	for _, s := range states {
		index := "runs_rule_status"
		if s == event.StatusWaiting {
			index = "runs_rule_due"
		}
		list = append(list, branch{index: index, also: []string{rule, "r.status = '" + string(s) + "'"}})
	}
	return list
}

// open returns those of the states in which a run has a time to come.
func open(asked []event.Status) []event.Status {
	both := []event.Status{event.StatusPending, event.StatusWaiting}
	if len(asked) == 0 {
		return both
	}
	return slices.DeleteFunc(both, func(s event.Status) bool { return !slices.Contains(asked, s) })
}
