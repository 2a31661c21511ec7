package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/diskspace"
	"github.com/gavel-rules/gavel/watchdog"
)

// page is the one screen.
type page struct {
	terminal.Screen
	*api.Status
	place  string
	remote bool
	now    time.Time
}

// section is one line of the page with a name, or several; without lines it is
// left out.
type section struct {
	name  string
	lines func(*page) []string
}

// sections are what the page shows, in this order.
func sections() []section {
	return []section{
		{"gavel", (*page).program},
		{"events", (*page).events},
		{"rules", (*page).rules},
		{"runs", (*page).runs},
		{"failed", (*page).failed},
		{"paused", (*page).paused},
		{"connections", (*page).connections},
		{"refused", (*page).refused},
		{"backups", (*page).backups},
	}
}

func (p *page) print() error {
	word := p.Painted(terminal.Good, "well")
	if !p.Well {
		word = p.Painted(terminal.Bad, "not well")
	}
	if _, err := fmt.Fprintln(p, word); err != nil {
		return err
	}
	for _, n := range p.Notices {
		mark, paint := "warning: ", terminal.Notice
		if n.Problem {
			mark, paint = "problem: ", terminal.Bad
		}
		fmt.Fprintf(p, "  %s%s\n", p.Painted(paint, mark), terminal.Safe(n.Text))
	}
	fmt.Fprintln(p)
	for _, s := range sections() {
		name := s.name
		for _, line := range s.lines(p) {
			if _, err := fmt.Fprintf(p, "%-12s %s\n", name, terminal.Safe(line)); err != nil {
				return err
			}
			name = ""
		}
	}
	return nil
}

func (p *page) program() []string {
	if !p.remote {
		return []string{p.place, "connections and errors in rules on disk: ask the server, with --server"}
	}
	ready := "ready"
	if !p.Ready {
		ready = "not ready"
	}
	return []string{fmt.Sprintf("%s, version %s, %s", p.place, p.Version, ready)}
}

func (p *page) events() []string {
	text := terminal.Counted(int(p.Status.Events), "event", "events") + " stored"
	if !p.LastEvent.IsZero() {
		text += ", the last one " + p.ago(p.LastEvent)
	}
	switch s := p.Source; {
	case s.State == watchdog.Quiet:
		text += ", the next one is overdue"
	case !s.ExpectedBefore.IsZero():
		text += ", the next one expected before " + terminal.Clock(s.ExpectedBefore)
	}
	return []string{text}
}

func (p *page) rules() []string {
	l := p.Rules
	if l.Revision == "" {
		return []string{"none has been in force"}
	}
	lines := []string{fmt.Sprintf("%s in force, revision %s, loaded %s", terminal.Counted(l.Rules, "rule", "rules"), l.Revision, p.ago(l.LoadedAt))}
	if !l.OK {
		lines = append(lines, "the files on disk have "+terminal.Counted(len(l.Findings), "finding", "findings")+"; \"gavel check\" shows them")
		for _, f := range l.Findings[:min(3, len(l.Findings))] {
			lines = append(lines, fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message))
		}
	}
	return lines
}

func (p *page) runs() []string {
	var parts []string
	for _, s := range []event.Status{event.StatusPending, event.StatusRunning, event.StatusWaiting} {
		parts = append(parts, fmt.Sprintf("%d %s", p.Runs[s], s))
	}
	text := strings.Join(parts, ", ")
	if !p.OldestDue.IsZero() {
		text += "; the oldest was due " + p.ago(p.OldestDue)
	}
	return []string{text}
}

// rulesShown is how many rules with failures the page names.
const rulesShown = 5

func (p *page) failed() []string {
	lines := []string{fmt.Sprintf("%d now, %d in the last 24 hours", p.Issues.Failing, p.LastDayFailed.Runs)}
	if p.Issues.Muted > 0 {
		lines[0] += ", not counting " + terminal.Counted(p.Issues.Muted, "muted issue", "muted issues")
	}
	for i, r := range p.LastDayFailed.Rules {
		if i == rulesShown {
			lines = append(lines, fmt.Sprintf("and %s more", terminal.Counted(len(p.LastDayFailed.Rules)-i, "rule", "rules")))
			break
		}
		lines = append(lines, fmt.Sprintf("%s: %s", r.Rule, terminal.Counted(r.Runs, "run", "runs")))
	}
	if p.Issues.Open > 0 {
		lines = append(lines, "\"gavel issues list\" shows why")
	}
	return lines
}

func (p *page) paused() []string {
	var lines []string
	for _, one := range p.Paused {
		lines = append(lines, fmt.Sprintf("%s; holds %s", one.String(), terminal.Counted(int(one.Held), "run", "runs")))
	}
	return lines
}

func (p *page) connections() []string {
	if !p.remote {
		return nil
	}
	var lines []string
	fine := 0
	for _, c := range p.Connections {
		state := ""
		switch {
		case c.Breaker == "open":
			state = "keeps failing, next try " + terminal.Clock(c.TriedAgain)
		case c.Breaker == "half-open":
			state = "failed, is being tried again"
		case c.PausedUntil.After(p.now):
			state = "asked us to wait until " + terminal.Clock(c.PausedUntil)
		default:
			fine++
			continue
		}
		lines = append(lines, fmt.Sprintf("%s: %s; holds %s", c.Name, state, terminal.Counted(c.Parked, "run", "runs")))
	}
	return append(lines, fmt.Sprintf("%d of %d without problems", fine, len(p.Connections)))
}

func (p *page) refused() []string {
	sum := 0
	lines := []string{""}
	for _, r := range p.LastDayRefused {
		sum += r.Count
		lines = append(lines, fmt.Sprintf("%s: %d", r.Text, r.Count))
	}
	lines[0] = terminal.Counted(sum, "request", "requests") + " in the last 24 hours"
	if sum > 0 {
		lines = append(lines, "\"gavel refused\" shows from where, and what to do")
	}
	return lines
}

func (p *page) backups() []string {
	b := p.Backups
	if b == nil {
		return nil
	}
	text := "none yet"
	if !b.Last.IsZero() {
		text = fmt.Sprintf("the last one %s, %s; %d kept", p.ago(b.Last), diskspace.Words(b.Bytes), b.Kept)
	}
	return []string{text + " in " + b.Folder}
}

func (p *page) ago(t time.Time) string {
	return terminal.Ago(t, p.now) + " (" + terminal.Clock(t) + ")"
}
