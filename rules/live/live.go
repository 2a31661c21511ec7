// Package live keeps the active rule set, watches its files and replaces the
// set when they change.
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

// Live keeps the active rule set. A new set replaces it only after it is
// checked, compiled and accepted by onChange. It is safe for concurrent use.
type Live struct {
	load     func() (*rules.Set, text.Findings)
	onChange func(*rules.Set, time.Time) error

	current atomic.Pointer[rules.Set]
	turn    chan struct{} // one token: one reload at a time

	mu      sync.Mutex
	status  Status
	changed chan struct{}
}

// Status is the result of the last attempt to load.
type Status struct {
	Revision string    `json:"revision"`  // of the active set
	Rules    int       `json:"rules"`     // in it
	LoadedAt time.Time `json:"loaded_at"` // when it became active
	// LastAttempt is when the sources were last read, with or without success.
	LastAttempt time.Time `json:"last_attempt"`
	// OK says that the active set is that of the sources. It is false before the
	// first load and while the sources have errors.
	OK       bool          `json:"ok"`
	Findings text.Findings `json:"findings,omitempty"` // of the last attempt
	// Error says why a set without errors did not become active.
	Error    string `json:"error,omitempty"`
	Loads    int    `json:"loads"`    // sets that became active
	Failures int    `json:"failures"` // attempts that kept the old set
}

// New returns a Live without a set; call Reload for the first one.
// onChange, if not nil, is called with each new set before it becomes active, and
// the time that Status will give for it. If it returns an error, the old set stays.
func New(load func() (*rules.Set, text.Findings), onChange func(*rules.Set, time.Time) error) *Live {
	if onChange == nil {
		onChange = func(*rules.Set, time.Time) error { return nil }
	}
	return &Live{
		load: load, onChange: onChange,
		turn: make(chan struct{}, 1), changed: make(chan struct{}),
	}
}

// Current returns the active set; nil before the first successful load.
func (l *Live) Current() *rules.Set { return l.current.Load() }

// Status returns the result of the last attempt.
func (l *Live) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// Changed returns a channel that is closed when the next attempt ends, with or
// without success. Call it before Current or Status.
func (l *Live) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// Reload reads the sources and makes the new set active. If a finding is an
// error, the old set stays and the returned error is nil. The error is that of
// onChange, or of ctx if it ended while waiting for another reload. Nothing
// changes if sources and environment are the same as before.
func (l *Live) Reload(ctx context.Context) (text.Findings, error) {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("reload rules: %w", ctx.Err())
	}
	set, findings := l.load()
	now := time.Now()
	if !findings.HasErrors() && (set == nil || len(set.Rules) == 0) {
		findings = append(findings, noRules(set))
	}
	if findings.HasErrors() {
		l.record(now, findings, nil, nil)
		return findings, nil
	}
	if old := l.current.Load(); old != nil && old.Same(set) {
		l.record(now, findings, nil, nil)
		return findings, nil
	}
	if err := l.onChange(set, now); err != nil {
		err = fmt.Errorf("reload rules: %w", err)
		l.record(now, findings, err, nil)
		return findings, err
	}
	l.record(now, findings, nil, set)
	return findings, nil
}

// noRules is the error for an empty set: an editor may have just truncated the
// file.
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

// record stores the result of an attempt. If set is not nil, it becomes active
// at the same time.
func (l *Live) record(now time.Time, findings text.Findings, err error, set *rules.Set) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &l.status
	s.LastAttempt = now
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
