// Package schedule tells the rules that have a schedule when they are due.
//
// How far each rule has been told is kept as a mark in the store. What is told
// has an id made of the rule and the moment, so that several processes, or one
// that was killed between telling and marking, tell it once.
package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules"
)

// Store is what must survive. Its methods are those of package store.
type Store interface {
	Mark(ctx context.Context, name string) (string, error)
	SetMark(ctx context.Context, name, value string) error
	Event(ctx context.Context, ref string) (*event.Record, error)
}

// Options configure a Teller. All but Settle and Log are required.
type Options struct {
	Store   Store
	Current func() *rules.Set
	// Tell takes one of Gavel's own events.
	Tell func(ctx context.Context, t own.Telling) (bool, error)
	Now  func() time.Time
	// Settle is how long after its moment a rule that collects events is told:
	// events received just before may not be stored yet.
	Settle time.Duration
	Log    *slog.Logger
}

// Teller tells rules when they are due. It is not safe for concurrent use.
type Teller struct {
	opts Options
	set  *rules.Set // that was looked at last; nil before the first time
	plan map[string]*planned
}

// planned is what a process knows about one rule.
type planned struct {
	rule *rules.Rule
	text string // of the schedule
	// from is when this process learned of the schedule; zero if the rule had it
	// when the process began.
	from time.Time
	next time.Time // when to look at it again
}

// New returns a new Teller.
func New(o Options) *Teller {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Teller{opts: o, plan: map[string]*planned{}}
}

// mark is how far a rule has been told.
type mark struct {
	// Schedule is the text of the schedule; with another one, Told does not count.
	Schedule string `json:"schedule"`
	// Told is the last moment that was told or passed over.
	Told time.Time `json:"told"`
	// Covered is until when events have been reported; zero if there was no report
	// yet.
	Covered time.Time `json:"covered,omitzero"`
}

func nameOf(rule string) string { return "schedule/" + rule }

// ID is the id of the event that tells a rule that it is due.
func ID(rule string, due time.Time) string {
	return own.TypeScheduleDue + ":" + rule + ":" + due.UTC().Format(time.RFC3339)
}

// Run tells rules when they are due until ctx ends.
func (t *Teller) Run(ctx context.Context) {
	const every = time.Second
	wait := time.NewTimer(0)
	defer wait.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		_, err := t.Tick(ctx)
		switch {
		case err == nil:
			failing = false
		case ctx.Err() == nil && !failing:
			failing = true
			t.opts.Log.WarnContext(ctx, "cannot start rules with a schedule; trying again", "error", err)
		}
		wait.Reset(every)
	}
}

// Tick tells what is due now. It returns when something is due next; the zero
// time if nothing is.
func (t *Teller) Tick(ctx context.Context) (next time.Time, err error) {
	now := t.opts.Now()
	t.learn(now)
	for _, r := range t.set.Rules {
		p := t.plan[r.Name]
		if p == nil {
			continue
		}
		if !p.next.After(now) {
			if e := t.look(ctx, p, now); e != nil {
				err = errors.Join(err, fmt.Errorf("rule %q: %w", r.Name, e))
				continue
			}
		}
		if next.IsZero() || p.next.Before(next) {
			next = p.next
		}
	}
	return next, err
}

// learn takes note of new, changed and removed schedules.
func (t *Teller) learn(now time.Time) {
	set := t.opts.Current()
	if set == t.set {
		return
	}
	first := t.set == nil
	t.set = set
	before := t.plan
	t.plan = map[string]*planned{}
	for _, r := range set.Rules {
		if r.Schedule == nil {
			continue
		}
		p := &planned{rule: r, text: r.Schedule.String()}
		if was := before[r.Name]; was != nil && was.text == p.text && was.rule.Disabled == r.Disabled {
			p.from, p.next = was.from, was.next
		} else if !first {
			p.from = now
		}
		t.plan[r.Name] = p
	}
}

// look tells one rule if it is due.
func (t *Teller) look(ctx context.Context, p *planned, now time.Time) error {
	settle := time.Duration(0)
	if p.rule.Collect != nil {
		settle = t.opts.Settle
	}
	m, err := t.read(ctx, p, now)
	if err != nil {
		return err
	}
	s := p.rule.Schedule
	due := s.Last(now.Add(-settle))
	if due.After(m.Told) {
		if due, err = t.due(ctx, p, m, due); err != nil {
			return err
		}
		m.Told = due
		if err := t.write(ctx, p.rule.Name, m); err != nil {
			return err
		}
	}
	p.next = s.Next(m.Told).Add(settle)
	return nil
}

// due tells the rule that it is due, once for all moments that were missed.
func (t *Teller) due(ctx context.Context, p *planned, m *mark, due time.Time) (time.Time, error) {
	s := p.rule.Schedule
	if p.rule.Disabled {
		return due, nil // it was not missed
	}
	// A process may have ended after it had told the first one.
	if first := s.Next(m.Told); first.Before(due) {
		told, err := t.opts.Store.Event(ctx, event.RefOf(event.Key(own.Organization, ID(p.rule.Name, first))))
		switch {
		case err == nil:
			m.Told = first
			if !s.Missed(told.Event) {
				m.Covered = first
			}
		case !errors.Is(err, event.ErrNotFound):
			return due, err
		}
	}
	missed := s.Count(m.Told, due, maxMissed+1) - 1
	since := m.Covered
	if since.IsZero() {
		since = s.Last(due.Add(-time.Nanosecond))
	}
	f := own.Facts{Rule: p.rule.Name, Due: due.UTC(), Since: since.UTC(), Count: missed, Text: text(s, due, missed)}
	telling := own.Telling{ID: ID(p.rule.Name, due), Type: own.TypeScheduleDue, At: due, Facts: f}
	if _, err := t.opts.Tell(ctx, telling); err != nil {
		return due, fmt.Errorf("tell that it is due: %w", err)
	}
	late := t.opts.Now().Sub(due)
	if !s.SkipMissed || late <= rules.MissedAfter {
		m.Covered = due
	}
	if missed > 0 || late > rules.MissedAfter {
		t.opts.Log.WarnContext(ctx, "schedule missed", "rule", p.rule.Name, "due", due.UTC(), "missed_before", missed, "skipped", s.SkipMissed)
	}
	return due, nil
}

// maxMissed is up to which number missed moments are counted.
const maxMissed = 1000

func text(s *rules.Schedule, due time.Time, missed int) string {
	out := "due " + due.In(s.Zone()).Format("Mon 2006-01-02 15:04 MST")
	switch {
	case missed == 1:
		out += "; missed once before"
	case missed > maxMissed-1:
		out += fmt.Sprintf("; missed at least %d times before", maxMissed)
	case missed > 1:
		out += fmt.Sprintf("; missed %d times before", missed)
	}
	return out
}

// read returns how far a rule has been told. Moments before this process learned
// of the schedule do not count, unless it was there when the process began.
func (t *Teller) read(ctx context.Context, p *planned, now time.Time) (*mark, error) {
	m := &mark{}
	value, err := t.opts.Store.Mark(ctx, nameOf(p.rule.Name))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(value), m); value == "" || err != nil {
		m = &mark{} // as of a new rule
	}
	if m.Schedule != p.text {
		if p.from.IsZero() {
			p.from = now
		}
		m.Schedule = p.text
	}
	if p.from.After(m.Told) {
		m.Told = p.from
		return m, t.write(ctx, p.rule.Name, m)
	}
	return m, nil
}

func (t *Teller) write(ctx context.Context, rule string, m *mark) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write how far the schedule was told: %w", err)
	}
	return t.opts.Store.SetMark(ctx, nameOf(rule), string(raw))
}
