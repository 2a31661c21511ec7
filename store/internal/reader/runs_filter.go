package reader

import (
	"fmt"
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// runs returns the query for ledger.RunColumns of the runs that f selects.
func (d Dialect) runs(f event.RunFilter) (string, []any) {
	if f.Sort == event.SortDue {
		return d.runsDue(f)
	}
	q := d.query()
	newest := !f.OldestFirst && f.After == ""
	narrow := f.EventID != "" || f.MeetingID != ""
	q.about(f)
	if !f.DueBefore.IsZero() {
		q.and(d.aside+"r.due < %s", ledger.Micros(f.DueBefore))
	}
	if f.Held != "" {
		q.and(d.aside+"r.paused_by = %s", string(f.Held))
	}
	q.created(f, newest && !narrow)
	if f.Before != "" {
		q.and("r.id < %s", f.Before)
	}
	if f.After != "" {
		q.and("r.id > %s", f.After)
	}
	if newest && !narrow {
		if branches := q.runBranches(f); len(branches) > 0 {
			return q.merged(runColumns(f), "runs", "r", "id", "", highestID, branches, f.Limit), q.args
		}
	}
	if len(f.Statuses) > 0 {
		column := "r.status"
		if narrow || len(f.Statuses) > 1 {
			column = d.aside + column
		}
		among(q, column, words(f.Statuses))
	}
	if f.Rule != "" {
		column := "r.rule"
		if narrow {
			column = d.aside + column
		}
		q.and(column+" = %s", f.Rule)
	}
	order := "r.id DESC"
	if !newest {
		order = "r.id"
	}
	return q.sql(runColumns(f), "runs r", order, f.Limit), q.args
}

// about adds the conditions on the event, the meeting and shadow rules.
func (q *query) about(f event.RunFilter) {
	if f.EventID != "" {
		q.where = append(q.where, "r.event_seq IN (SELECT e.seq FROM "+q.tables+"events e WHERE "+q.asked("e.id", f.EventID)+")")
	}
	if f.MeetingID != "" {
		q.where = append(q.where, "r.event_seq IN (SELECT e.seq FROM "+q.tables+"events e WHERE "+q.asked("e.meeting", f.MeetingID)+")")
	}
	switch {
	case f.Shadow == nil:
	case *f.Shadow:
		q.where = append(q.where, q.isTrue("r.shadow"))
	default:
		q.where = append(q.where, q.isFalse("r.shadow"))
	}
}

// runColumns leaves out the results unless the filter wants them: they can be
// large, and a list has many.
func runColumns(f event.RunFilter) string {
	if f.Results {
		return ledger.RunColumns
	}
	return strings.Replace(ledger.RunColumns, "r.results", "NULL", 1)
}

func words(statuses []event.Status) []string {
	out := make([]string, len(statuses))
	for i, s := range statuses {
		out[i] = string(s)
	}
	return out
}

// created adds the bounds on time; for lists in the order of ids also as
// bounds on ids.
func (q *query) created(f event.RunFilter, bound bool) {
	column := q.aside + "r.created"
	if !f.Since.IsZero() {
		q.and(column+" >= %s", ledger.Micros(f.Since))
	}
	if !f.Until.IsZero() {
		q.and(column+" < %s", ledger.Micros(f.Until))
	}
	if !bound {
		return
	}
	near := "SELECT id FROM " + q.tables + "runs WHERE created "
	if !f.Since.IsZero() {
		q.and("r.id >= (SELECT min(n.id) FROM ("+near+">= %s ORDER BY created LIMIT "+fmt.Sprint(leeway)+") AS n)", ledger.Micros(f.Since))
	}
	if !f.Until.IsZero() {
		q.and("r.id <= (SELECT max(n.id) FROM ("+near+"< %s ORDER BY created DESC LIMIT "+fmt.Sprint(leeway)+") AS n)", ledger.Micros(f.Until))
	}
}

// runBranches returns the ranges of an index that have all that the filter
// selects; none for a filter without a rule, a state or shadow.
func (q *query) runBranches(f event.RunFilter) []branch {
	shadow := f.Shadow != nil && *f.Shadow
	if f.Rule == "" && len(f.Statuses) == 0 && !shadow {
		return nil
	}
	statuses := f.Statuses
	if len(statuses) == 0 {
		statuses = event.Statuses()
	}
	list := make([]branch, len(statuses))
	for i, s := range statuses {
		status := string(s)
		switch {
		case f.Rule != "":
			list[i] = branch{index: "runs_rule_status", fixed: []string{"r.rule", "r.status"}, equal: []any{f.Rule, status}}
		case shadow:
			list[i] = branch{index: "runs_shadow", fixed: []string{"r.status"}, equal: []any{status}}
		default:
			list[i] = branch{index: "runs_status", fixed: []string{"r.status"}, equal: []any{status}}
		}
	}
	return list
}
