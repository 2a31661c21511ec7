// Package live holds the rule set in force, watches the files and replaces the
// set by whole sets only.
package live

import (
	"context"
	"fmt"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
	"sync"
	"sync/atomic"
	"time"
)

// Live holds the rule set in force and replaces it by whole sets only: until
// a new one is checked, compiled and announced, the old one stays. It is safe
// for concurrent use.
type Live struct {
	load     func() (*rules.Set, text.Findings)
	onChange func(*rules.Set) error

	current atomic.Pointer[rules.Set]
	turn    chan struct{} // holds one token: reloads take turns

	mu      sync.Mutex
	status  Status
	changed chan struct{}
}

// Status says what the last attempt to load came to. It is a copy.
type Status struct {
	Revision string    `json:"revision"`  // of the set in force
	Rules    int       `json:"rules"`     // in it
	LoadedAt time.Time `json:"loaded_at"` // when it came into force
	// LastAttempt is when the sources were last read, whatever came of it.
	LastAttempt time.Time `json:"last_attempt"`
	// OK says that the set in force is what the sources say. It is false
	// before the first load, and while the sources have errors.
	OK       bool          `json:"ok"`
	Findings text.Findings `json:"findings,omitempty"` // of the last attempt
	// Error is what kept a set without errors from coming into force.
	Error    string `json:"error,omitempty"`
	Loads    int    `json:"loads"`    // sets that came into force
	Failures int    `json:"failures"` // attempts that left the old set in force
}

// New returns a Live without a set; call Reload for the first one.
// onChange, if not nil, is called with each new set before it comes into
// force; its error keeps the old set.
func New(load func() (*rules.Set, text.Findings), onChange func(*rules.Set) error) *Live {
	if onChange == nil {
		onChange = func(*rules.Set) error { return nil }
	}
	return &Live{
		load: load, onChange: onChange,
		turn: make(chan struct{}, 1), changed: make(chan struct{}),
	}
}

// Current returns the set in force; nil before the first good load.
func (l *Live) Current() *rules.Set { return l.current.Load() }

// Status returns what the last attempt came to.
func (l *Live) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// Changed returns a channel that is closed when the next attempt has ended,
// good or bad. Take it before reading Current or Status.
func (l *Live) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// Reload reads the sources and puts the new set in force. When a finding is an
// error the old set stays; that is told by the findings alone. The error is
// that of onChange, or of ctx while another reload was going on. Sources that
// have not changed, with the same environment, change nothing.
func (l *Live) Reload(ctx context.Context) (text.Findings, error) {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("reload rules: %w", ctx.Err())
	}
	set, findings := l.load()
	if !findings.HasErrors() && (set == nil || len(set.Rules) == 0) {
		findings = append(findings, noRules(set))
	}
	if findings.HasErrors() {
		l.record(findings, nil, nil)
		return findings, nil
	}
	if old := l.current.Load(); old != nil && old.Same(set) {
		l.record(findings, nil, nil)
		return findings, nil
	}
	if err := l.onChange(set); err != nil {
		err = fmt.Errorf("reload rules: %w", err)
		l.record(findings, err, nil)
		return findings, err
	}
	l.record(findings, nil, set)
	return findings, nil
}

// noRules keeps a file that an editor has just emptied from ending all rules.
func noRules(set *rules.Set) text.Finding {
	f := text.Finding{
		Severity: text.SeverityError, Message: "there are no rules",
		Hint: "add at least one, or set enabled: false on rules to pause",
	}
	if set != nil && len(set.Sources) > 0 {
		f.Pos.File = set.Sources[0].Name
	}
	return f
}

// record writes down how an attempt ended and, if set is not nil, puts it in
// force in the same moment.
func (l *Live) record(findings text.Findings, err error, set *rules.Set) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &l.status
	s.LastAttempt = time.Now()
	s.Findings, s.Error = findings, ""
	s.OK = err == nil && !findings.HasErrors()
	if err != nil {
		s.Error = err.Error()
	}
	if !s.OK {
		s.Failures++
	}
	if set != nil {
		l.current.Store(set)
		s.Revision, s.Rules, s.LoadedAt = set.Revision, len(set.Rules), s.LastAttempt
		s.Loads++
	}
	close(l.changed)
	l.changed = make(chan struct{})
}
