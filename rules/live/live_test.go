package live_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/live"
	"github.com/gavel-rules/gavel/rules/text"
)

func set(revision string, n int) *rules.Set {
	s := &rules.Set{Revision: revision, Sources: []text.Source{{Name: "rules.yaml"}}}
	for range n {
		s.Rules = append(s.Rules, &rules.Rule{Name: "r"})
	}
	return s
}

func bad(message string) text.Findings {
	return text.Findings{{Severity: text.SeverityError, Message: message}}
}

func TestLive(t *testing.T) {
	t.Parallel()
	warning := text.Findings{{Severity: text.SeverityWarning, Message: "hm"}}
	var (
		next     *rules.Set
		findings text.Findings
		refusal  error
		told     []string
	)
	l := live.New(
		func() (*rules.Set, text.Findings) { return next, findings },
		func(s *rules.Set, _ time.Time) error { told = append(told, s.Revision); return refusal },
	)
	if l.Current() != nil || l.Status().OK {
		t.Fatal("a new Live has a set")
	}
	noRules := text.Findings{{
		Severity: text.SeverityError, Pos: text.Position{File: "rules.yaml"}, Message: "there are no rules",
		Hint: "add at least one, or set enabled: false on rules to pause",
	}}
	for _, step := range []struct {
		name     string
		set      *rules.Set
		findings text.Findings
		refusal  error
		want     live.Status
	}{
		{"bad at first", nil, bad("x"), nil, live.Status{Findings: bad("x"), Failures: 1}},
		{"first good", set("one", 1), nil, nil, live.Status{Revision: "one", Rules: 1, OK: true, Loads: 1, Failures: 1}},
		{"the same", set("one", 1), warning, nil, live.Status{Revision: "one", Rules: 1, OK: true, Findings: warning, Loads: 1, Failures: 1}},
		{"bad", nil, bad("y"), nil, live.Status{Revision: "one", Rules: 1, Findings: bad("y"), Loads: 1, Failures: 2}},
		{"bad with a set", set("half", 1), bad("y"), nil, live.Status{Revision: "one", Rules: 1, Findings: bad("y"), Loads: 1, Failures: 3}},
		{"empty", set("empty", 0), nil, nil, live.Status{Revision: "one", Rules: 1, Findings: noRules, Loads: 1, Failures: 4}},
		{"refused", set("two", 2), nil, errors.New("disk full"), live.Status{Revision: "one", Rules: 1, Error: "reload rules: disk full", Loads: 1, Failures: 5}},
		{"back to good", set("one", 1), nil, nil, live.Status{Revision: "one", Rules: 1, OK: true, Loads: 1, Failures: 5}},
		{"accepted", set("two", 2), warning, nil, live.Status{Revision: "two", Rules: 2, OK: true, Findings: warning, Loads: 2, Failures: 5}},
	} {
		next, findings, refusal = step.set, step.findings, step.refusal
		changed := l.Changed()
		_, err := l.Reload(t.Context())
		if !errors.Is(err, step.refusal) {
			t.Errorf("%s: error is %v, want %v", step.name, err, step.refusal)
		}
		select {
		case <-changed:
		default:
			t.Errorf("%s: nobody was told", step.name)
		}
		got := l.Status()
		if diff := cmp.Diff(step.want, got, cmpopts.IgnoreFields(live.Status{}, "LoadedAt", "LastAttempt")); diff != "" {
			t.Errorf("%s: status (-want +got):\n%s", step.name, diff)
		}
		if s := l.Current(); (s == nil) != (step.want.Revision == "") || s != nil && s.Revision != step.want.Revision {
			t.Errorf("%s: current set is %+v", step.name, s)
		}
	}
	if diff := cmp.Diff([]string{"one", "two", "two"}, told); diff != "" {
		t.Errorf("onChange was called for (-want +got):\n%s", diff)
	}
}

// TestReloadsTakeTurns: a second reload waits for the first, and its caller
// can give up.
func TestReloadsTakeTurns(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	l := live.New(func() (*rules.Set, text.Findings) {
		entered <- struct{}{}
		<-leave
		return set("one", 1), nil
	}, nil)
	done := make(chan error)
	go func() {
		_, err := l.Reload(context.Background())
		done <- err
	}()
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Reload(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want that of the context", err)
	}
	leave <- struct{}{}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
