package desk

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/ruleset"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/sqlite/sqlitetest"
)

// slowEvents is a store that says when its events are read, and then waits.
type slowEvents struct {
	store.Store
	read, goOn chan struct{}
}

func (s *slowEvents) Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error) {
	s.read <- struct{}{}
	<-s.goOn
	return s.Store.Events(ctx, f)
}

func backtestOf(rules string) api.BacktestRequest {
	return api.BacktestRequest{Rules: []api.RulesFile{{Name: "new.yaml", Content: rules}}, Samples: 2}
}

const plainRule = "rules: [ { name: a, event: \"*\", actions: [ { log: { message: hi } } ] } ]\n"

// TestOneBacktestAtATime: a second one is refused while the first reads.
func TestOneBacktestAtATime(t *testing.T) {
	t.Parallel()
	stored, err := sqlite.Open(t.Context(), sqlitetest.File(t), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer stored.Close()
	s := &slowEvents{Store: stored, read: make(chan struct{}), goOn: make(chan struct{})}
	d := &Desk{Store: s}
	first := make(chan error)
	go func() {
		_, err := d.Backtest(t.Context(), backtestOf(plainRule))
		first <- err
	}()
	<-s.read
	if _, err := d.Backtest(t.Context(), backtestOf(plainRule)); !errors.Is(err, event.ErrConflict) || !strings.Contains(err.Error(), "another back-test is running") {
		t.Errorf("a second one: %v", err)
	}
	close(s.goOn)
	if err := <-first; err != nil {
		t.Error(err)
	}
	go func() { <-s.read }()
	if _, err := d.Backtest(t.Context(), backtestOf(plainRule)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestBacktestIsBounded refuses what would take too long, and guesses at no
// secret.
func TestBacktestIsBounded(t *testing.T) {
	t.Parallel()
	stored, err := sqlite.Open(t.Context(), sqlitetest.File(t), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer stored.Close()
	d := &Desk{Store: stored, Rules: ruleset.Options{Environ: []string{"CRM_TOKEN=sesame-open"}}}
	many := "rules:\n"
	for i := range api.BacktestRules + 1 {
		many += "  - { name: r" + strconv.Itoa(i) + ", event: \"*\", actions: [ { log: { message: hi } } ] }\n"
	}
	for name, r := range map[string]api.BacktestRequest{
		"no rules": {}, "too many samples": {Rules: backtestOf(plainRule).Rules, Samples: api.BacktestSamples + 1},
		"until before since": {Rules: backtestOf(plainRule).Rules, Since: eventTime(), Until: eventTime().Add(-1)},
	} {
		if _, err := d.Backtest(t.Context(), r); !errors.Is(err, event.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.Backtest(t.Context(), backtestOf(many)); !errors.Is(err, event.ErrInvalid) || !strings.Contains(err.Error(), "there are 501, at most 500") {
		t.Errorf("too many rules: %v", err)
	}
	out, err := d.Backtest(t.Context(), backtestOf("vars: { v: \"${{ env.CRM_TOKEN }}\" }\nrules: [ { name: a, event: \"*\", when: vars.v + 1 == 2, actions: [ { log: { message: hi } } ] } ]\n"))
	if err != nil || len(out.Findings) == 0 || out.Report != nil {
		t.Fatalf("a mistake: %+v %v", out, err)
	}
	for _, f := range out.Findings {
		if strings.Contains(f.Message+f.Source+f.Hint, "sesame") {
			t.Errorf("a finding tells the secret: %+v", f)
		}
	}
}
