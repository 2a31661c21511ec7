package rehearse

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/suite"
	"github.com/gavel-rules/gavel/rules/text"
)

// judge compares what happened in a step with its expectations.
func (p *play) judge(step *suite.CaseStep) {
	x := step.Expect
	touched := p.touched()
	if x.Runs != nil {
		p.judgeRuns(x, touched)
	} else {
		p.judgeFailed(step.Pos, touched)
	}
	if x.Sent != nil {
		p.judgeSent(x)
	}
	for _, m := range x.NotSent {
		for _, s := range p.sent {
			if mismatch(m, s) == "" {
				p.fail(m.Pos, "a message listed under not_sent was sent", "+ "+s.String())
			}
		}
	}
	p.judgeMemory(x.Remembered)
	for _, n := range x.NotMatched {
		if touched.started[n.Name] > 0 {
			p.fail(n.Pos, fmt.Sprintf("rule %q matched, but must not match", n.Name), "")
		}
	}
	for _, m := range x.Waiting {
		p.judgeMoment(m, "is waiting", touched.waiting[m.Name.Name])
	}
	for _, m := range x.Moved {
		p.judgeMoment(m, "was rescheduled", touched.moved[m.Name.Name])
	}
	for _, n := range x.Dropped {
		if touched.dropped[n.Name] == 0 {
			p.fail(n.Pos, fmt.Sprintf("no wait of rule %q was dropped", n.Name), "")
		}
	}
}

// judgeFailed fails the test for failed runs in a step that does not check the
// status of runs.
func (p *play) judgeFailed(pos text.Position, t touchedRuns) {
	for _, rule := range slices.Sorted(maps.Keys(t.statuses)) {
		for i, s := range t.statuses[rule] {
			if s == event.StatusFailed {
				p.fail(pos, fmt.Sprintf("the run of rule %q failed%s; if it should, add runs: { %s: failed } to expect", rule, suffix(t.reasons[rule][i]), rule), "")
			}
		}
	}
}

// touchedRuns are the runs that a step has started or changed, by rule.
type touchedRuns struct {
	statuses map[string][]event.Status
	reasons  map[string][]string
	started  map[string]int
	dropped  map[string]int
	waiting  map[string][]time.Time // of all waiting runs, changed or not
	moved    map[string][]time.Time
}

func (p *play) touched() touchedRuns {
	t := touchedRuns{
		statuses: map[string][]event.Status{}, reasons: map[string][]string{}, started: map[string]int{},
		dropped: map[string]int{}, waiting: map[string][]time.Time{}, moved: map[string][]time.Time{},
	}
	for _, r := range p.stage.Runs() {
		if !p.concerns(r.Rule) {
			continue
		}
		was, known := p.before[r.ID]
		is := state{status: r.Status, due: r.Due, next: r.Next}
		if !known {
			t.started[r.Rule]++
		}
		if !known || was != is {
			t.statuses[r.Rule] = append(t.statuses[r.Rule], r.Status)
			t.reasons[r.Rule] = append(t.reasons[r.Rule], r.Reason)
		}
		if r.Status == event.StatusWaiting {
			t.waiting[r.Rule] = append(t.waiting[r.Rule], r.Due)
		}
		if known && was.status == event.StatusWaiting {
			switch {
			case r.Status == event.StatusCanceled:
				t.dropped[r.Rule]++
			case r.Status == event.StatusWaiting && was.next == r.Next && !was.due.Equal(r.Due):
				t.moved[r.Rule] = append(t.moved[r.Rule], r.Due)
			}
		}
	}
	return t
}

// concerns reports whether the test covers a rule.
func (p *play) concerns(rule string) bool {
	return len(p.test.Only) == 0 || slices.ContainsFunc(p.test.Only, func(n suite.Name) bool { return n.Name == rule })
}

func (p *play) judgeRuns(x *suite.Expect, t touchedRuns) {
	var want, got []string
	for _, rule := range slices.Sorted(maps.Keys(x.Runs)) {
		want = append(want, statusLines(rule, x.Runs[rule].Statuses, nil)...)
	}
	for _, rule := range slices.Sorted(maps.Keys(t.statuses)) {
		got = append(got, statusLines(rule, t.statuses[rule], nil)...)
	}
	if slices.Equal(want, got) {
		return
	}
	pos := x.Pos
	var why []string
	for _, rule := range slices.Sorted(maps.Keys(t.statuses)) {
		for i, s := range t.statuses[rule] {
			if reason := t.reasons[rule][i]; reason != "" && !slices.Contains(x.Runs[rule].Statuses, s) {
				why = append(why, fmt.Sprintf("  %s is %s%s", rule, s, suffix(reason)))
			}
		}
	}
	if p.ignored && len(got) < len(want) {
		why = append(why, fmt.Sprintf("  the event is ignored for all rules: %s (%s)", p.set.Ignore.Source, p.set.Ignore.Position()))
	}
	// Point at the first rule that is not as expected.
	for rule, r := range x.Runs {
		same := slices.Equal(statusLines(rule, r.Statuses, nil), statusLines(rule, t.statuses[rule], nil))
		if !same && (pos == x.Pos || before(r.Pos, pos)) {
			pos = r.Pos
		}
	}
	p.fail(pos, "unexpected runs", lineDiff(want, got)+strings.Join(why, "\n"))
}

func before(a, b text.Position) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
}

func statusLines(rule string, statuses []event.Status, out []string) []string {
	for _, s := range statuses {
		out = append(out, rule+": "+string(s))
	}
	slices.Sort(out)
	return out
}

func (p *play) judgeSent(x *suite.Expect) {
	got := p.sent
	for i, m := range x.Sent {
		if i >= len(got) {
			p.fail(m.Pos, fmt.Sprintf("%d of %d expected messages were sent; this one was not", len(got), len(x.Sent)), "- "+describe(m))
			continue
		}
		if why := mismatch(m, got[i]); why != "" {
			p.fail(m.Pos, fmt.Sprintf("message %d is not as expected (%s)", i+1, got[i].name()), why)
		}
	}
	for i, s := range got[min(len(x.Sent), len(got)):] {
		p.fail(x.Pos, fmt.Sprintf("message %d was sent, but only %d were expected", len(x.Sent)+i+1, len(x.Sent)), "+ "+s.String())
	}
}

func (p *play) judgeMoment(m suite.ExpectedMoment, verb string, got []time.Time) {
	want := m.When(p.stage.Now())
	if slices.ContainsFunc(got, want.Equal) {
		return
	}
	if len(got) == 0 {
		p.fail(m.Pos, fmt.Sprintf("no run of rule %q %s", m.Name.Name, verb), "")
		return
	}
	var lines []string
	for _, t := range got {
		lines = append(lines, timeText(t))
	}
	p.fail(m.Pos, fmt.Sprintf("a run of rule %q %s, but for another time", m.Name.Name, verb), lineDiff([]string{timeText(want)}, lines))
}
