package reader

import (
	"strings"

	"fmt"
	"slices"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// runs returns the query for ledger.RunColumns of the runs that f selects.
func (d Dialect) runs(f event.RunFilter) (string, []any) {
	q := d.query()
	newest := !f.OldestFirst && f.After == ""
	narrow := f.EventID != "" || f.MeetingID != ""
	if f.EventID != "" {
		q.where = append(q.where, "r.event_seq IN (SELECT e.seq FROM "+d.tables+"events e WHERE "+q.asked("e.id", f.EventID)+")")
	}
	if f.MeetingID != "" {
		q.where = append(q.where, "r.event_seq IN (SELECT e.seq FROM "+d.tables+"events e WHERE "+q.asked("e.meeting", f.MeetingID)+")")
	}
	switch {
	case f.Shadow == nil:
	case *f.Shadow:
		q.where = append(q.where, d.isTrue("r.shadow"))
	default:
		q.where = append(q.where, d.isFalse("r.shadow"))
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

// unusual are the states that few runs of a rule have for long; they have an
// index by rule. Most runs of a rule have succeeded.
func unusual() []event.Status {
	return []event.Status{event.StatusFailed, event.StatusCanceled, event.StatusSkipped, event.StatusWaiting}
}

func (q *query) runBranches(f event.RunFilter) []branch {
	switch {
	case f.Rule != "" && len(f.Statuses) == 0:
		return []branch{{index: "runs_rule", fixed: []string{"r.rule"}, equal: []any{f.Rule}}}
	case len(f.Statuses) == 0 && f.Shadow != nil && *f.Shadow:
		return []branch{{index: "runs_shadow"}}
	}
	var list []branch
	for _, s := range f.Statuses {
		status := []any{string(s)}
		switch {
		case f.Rule == "":
			list = append(list, branch{index: "runs_status", fixed: []string{"r.status"}, equal: status})
		case slices.Contains(unusual(), s):
			list = append(list, branch{
				index: "runs_rule_status", fixed: []string{"r.rule", "r.status"}, equal: []any{f.Rule, string(s)},
				also: []string{q.oneOf("r.status", unusual()...)},
			})
		case s == event.StatusSucceeded:
			list = append(list, branch{
				index: "runs_rule", fixed: []string{"r.rule"}, equal: []any{f.Rule}, also: []string{"r.status = 'succeeded'"},
			})
		default: // pending, running: few at any time
			list = append(list, branch{
				index: "runs_status", fixed: []string{"r.status"}, equal: status, also: []string{"r.rule = " + q.arg(f.Rule)},
			})
		}
	}
	return list
}
