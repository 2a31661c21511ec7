package desk

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/desk/windows"
	"github.com/gavel-rules/gavel/engine/gate"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/live"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
)

// RuleBook describes the rules in force and the connections they use. The
// descriptions are cached for each rule set.
type RuleBook struct {
	live        *live.Live
	connections func() []gate.State // that were used

	mu    sync.Mutex
	set   *rules.Set
	rules []api.Rule
}

// NewRuleBook describes the live rules.
func NewRuleBook(rules *live.Live, connections func() []gate.State) *RuleBook {
	return &RuleBook{live: rules, connections: connections}
}

// Rules describes the rules in force.
func (b *RuleBook) Rules() []api.Rule {
	set := b.live.Current()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.set != set {
		b.set, b.rules = set, describeRules(set)
	}
	out := slices.Clone(b.rules)
	for i := range out {
		if s := set.Rules[i].Schedule; s != nil {
			out[i].Schedule = api.NewSchedule(s.Schedule, time.Now())
		}
	}
	return out
}

func describeRules(set *rules.Set) []api.Rule {
	out := make([]api.Rule, 0, len(set.Rules))
	written := map[string]rules.Outline{}
	for _, o := range rules.Outlines(set.Sources) {
		written[o.Name] = o
	}
	for _, r := range set.Rules {
		as := written[r.Name]
		d := api.Rule{
			Name: r.Name, Description: r.Description, Events: r.Events, Disabled: r.Disabled, Shadow: r.Shadow,
			Mode: as.Mode, Windows: as.Windows, File: r.Pos.File, Line: r.Pos.Line, Column: r.Pos.Column, Source: set.Redact(sourceOf(set, r.Pos)), Matches: r.MatchesType,
		}
		if r.When != nil {
			d.When = set.Redact(r.When.Source)
		}
		d.Gathers = gathersOf(r)
		for _, s := range r.Actions {
			d.Actions = append(d.Actions, describeAction(set, s))
		}
		out = append(out, d)
	}
	return out
}

// RuleAt describes a rule as it was in a revision.
func (d *Desk) RuleAt(ctx context.Context, revision, rule string) (*api.Rule, error) {
	set, err := d.revision(ctx, revision)
	if err != nil {
		return nil, err
	}
	all := describeRules(set)
	i := slices.IndexFunc(all, func(r api.Rule) bool { return r.Name == rule })
	if i < 0 {
		return nil, fmt.Errorf("rule %q in revision %s: %w", rule, revision, event.ErrNotFound)
	}
	return &all[i], nil
}

// Windows returns where the windows of a rule in force stand now.
func (d *Desk) Windows(ctx context.Context, rule string) ([]api.WindowNow, error) {
	return windows.Now(ctx, d.Store, d.Current(), rule, d.Private, d.now())
}

func describeAction(set *rules.Set, s *rules.Step) api.Action {
	a := api.Action{ID: s.ID, Kind: s.Kind, Connection: s.Connection, Tries: s.Retry.Max, Depth: s.Depth()}
	a.Else = s.Parent != nil && s.Parent.Flow.HasElse && s.Parent.Else == s.Index
	if strings.Contains(s.Name, "#") {
		a.ID = s.Kind // the author gave it no name
	}
	if s.When != nil {
		a.When = set.Redact(s.When.Source)
	}
	if s.Flow != nil {
		a.Aim = text.Clip(set.Redact(s.Flow.Reason.Source()+s.Flow.List.Source), longestAim)
		if s.Flow.Chain != nil {
			a.Aim = s.Flow.Chain.Name
		}
	}
	if aimed, ok := s.Action.(params.Aimed); ok {
		a.Aim = text.Clip(set.Redact(aimed.Aim()), longestAim)
	}
	return a
}

// longestAim bounds what is said of an action, in characters.
const longestAim = 300

func gathersOf(r *rules.Rule) []api.Gather {
	var out []api.Gather
	length := func(d time.Duration) string { return units.Duration(d).String() }
	if t := r.Threshold; t != nil {
		out = append(out, api.Gather{Kind: event.WindowThreshold, Text: fmt.Sprintf("starts with %d events within %s", t.Count, length(t.Within)), Per: t.Per.Source})
	}
	if t := r.Throttle; t != nil {
		out = append(out, api.Gather{Kind: event.WindowThrottle, Text: "starts at most once in " + length(t.Once), Per: t.Per.Source})
	}
	if t := r.Digest; t != nil {
		out = append(out, api.Gather{Kind: event.WindowDigest, Text: "gathers events for " + length(t.Every) + " into one run", Per: t.Per.Source})
	}
	if a := r.Absence; a != nil {
		out = append(out, api.Gather{Kind: event.WindowAbsence, Text: "starts if no " + a.Of.String() + " comes within " + length(a.For), Per: a.Per.Source})
	}
	return out
}

// sourceOf returns the lines of the rule that begins at pos: the following
// lines that are indented deeper than its dash.
func sourceOf(set *rules.Set, pos text.Position) string {
	i := slices.IndexFunc(set.Sources, func(s text.Source) bool { return s.Name == pos.File })
	if i < 0 || pos.Line < 1 {
		return ""
	}
	lines := strings.Split(string(bytes.ReplaceAll(set.Sources[i].Content, []byte("\r\n"), []byte("\n"))), "\n")
	if pos.Line > len(lines) {
		return ""
	}
	margin := indent(lines[pos.Line-1])
	end := pos.Line
	for n := pos.Line; n < len(lines); n++ {
		text := strings.TrimSpace(lines[n])
		if text != "" && indent(lines[n]) <= margin {
			break
		}
		if text != "" {
			end = n + 1
		}
	}
	excerpt := lines[pos.Line-1 : end]
	for n, line := range excerpt {
		excerpt[n] = line[min(margin, indent(line)):]
	}
	return strings.Join(excerpt, "\n")
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// Load returns the result of the newest load.
func (b *RuleBook) Load() api.Load {
	s := b.live.Status()
	load := api.Load{
		Revision: s.Revision, Rules: s.Rules, LoadedAt: s.LoadedAt, LastAttempt: s.LastAttempt, OK: s.OK, Error: s.Error,
	}
	load.Findings = findingsOf(s.Findings, b.live.Current().Redact)
	return load
}

func findingsOf(findings text.Findings, redact func(string) string) []api.Finding {
	var out []api.Finding
	for _, f := range findings {
		out = append(out, api.Finding{
			Severity: string(f.Severity), File: f.Pos.File, Line: f.Pos.Line, Column: f.Pos.Column, Rule: f.Rule,
			Message: redact(f.Message), Hint: f.Hint, Source: redact(f.Source), Caret: caret(&f),
		})
	}
	return out
}

// caret returns the line that points at a finding, below its source.
func caret(f *text.Finding) string {
	lines := strings.Split(strings.TrimRight(f.Text(), "\n"), "\n")
	if f.Source == "" || len(lines) < 3 || strings.Contains(f.Source, "\n") || len(f.Source) > caretMost {
		return ""
	}
	return strings.TrimPrefix(lines[len(lines)-1], "  ")
}

// caretMost is how long a line may be to be shown whole, so that a caret fits.
const caretMost = 70

// Connections returns the connections that the rules name, and the state of
// those that were used.
func (b *RuleBook) Connections() []api.Connection {
	states := map[string]gate.State{}
	for _, s := range b.connections() {
		states[s.Name] = s
	}
	var out []api.Connection
	for name, c := range b.live.Current().Connections {
		d := api.Connection{Name: name, Kind: c.Kind, MaxInFlight: cmp.Or(c.Limits.MaxInFlight, gate.DefaultMaxInFlight), Rate: c.Limits.Rate, Breaker: "closed"}
		if s, used := states[name]; used {
			d.InFlight, d.MaxInFlight, d.Rate, d.Parked = s.InFlight, s.MaxInFlight, s.Rate, s.Parked
			d.PausedUntil, d.Breaker, d.TriedAgain = s.PausedUntil, s.Breaker, s.TriedAgain
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b api.Connection) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Preamble returns the connections and the vars of the rules in force, as they
// are written, without secrets: what one rule needs besides itself.
func (b *RuleBook) Preamble() string {
	set := b.live.Current()
	var out strings.Builder
	for _, key := range []string{"connections:", "vars:"} {
		var block []string
		for _, s := range set.Sources {
			block = append(block, topLevel(strings.Split(string(bytes.ReplaceAll(s.Content, []byte("\r\n"), []byte("\n"))), "\n"), key)...)
		}
		if len(block) > 0 {
			out.WriteString(key + "\n" + strings.Join(block, "\n") + "\n\n")
		}
	}
	return set.Redact(out.String())
}

// topLevel returns the indented lines below a key at the start of a line. A value
// on the line of the key is left out.
func topLevel(lines []string, key string) []string {
	at := slices.IndexFunc(lines, func(line string) bool {
		text, _, _ := strings.Cut(line, " #")
		return strings.TrimRight(text, " ") == key
	})
	if at < 0 {
		return nil
	}
	var block []string
	for _, line := range lines[at+1:] {
		if line != "" && line[0] != ' ' && line[0] != '#' {
			break
		}
		if strings.TrimSpace(line) != "" {
			block = append(block, line)
		}
	}
	return block
}
