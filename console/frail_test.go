package console_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/console"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/search"
)

// frail is a ledger of which one call fails, counted from the last reset.
type frail struct {
	ledger         backend.Ledger
	calls, failing int
}

func (f *frail) reset(failing int) { f.calls, f.failing = 0, failing }

func reading[T any](f *frail, read func() (T, error)) (T, error) {
	if f.calls++; f.calls == f.failing {
		var none T
		return none, errors.New("a secret table is gone")
	}
	return read()
}

func (f *frail) Event(ctx context.Context, id string) (*event.Record, error) {
	return reading(f, func() (*event.Record, error) { return f.ledger.Event(ctx, id) })
}

func (f *frail) Events(ctx context.Context, q event.EventFilter) ([]*event.Record, error) {
	return reading(f, func() ([]*event.Record, error) { return f.ledger.Events(ctx, q) })
}

func (f *frail) Meeting(ctx context.Context, id string) (*event.MeetingState, error) {
	return reading(f, func() (*event.MeetingState, error) { return f.ledger.Meeting(ctx, id) })
}

func (f *frail) Run(ctx context.Context, id string) (*event.Run, error) {
	return reading(f, func() (*event.Run, error) { return f.ledger.Run(ctx, id) })
}

func (f *frail) Runs(ctx context.Context, q event.RunFilter) ([]*event.Run, error) {
	return reading(f, func() ([]*event.Run, error) { return f.ledger.Runs(ctx, q) })
}

func (f *frail) Attempts(ctx context.Context, id string) ([]event.Attempt, error) {
	return reading(f, func() ([]event.Attempt, error) { return f.ledger.Attempts(ctx, id) })
}

func (f *frail) RuleRuns(ctx context.Context, q event.RulesFilter) ([]event.RuleRuns, error) {
	return reading(f, func() ([]event.RuleRuns, error) { return f.ledger.RuleRuns(ctx, q) })
}

func (f *frail) Daily(ctx context.Context, since time.Time) ([]event.Tally, error) {
	return reading(f, func() ([]event.Tally, error) { return f.ledger.Daily(ctx, since) })
}

func (f *frail) Hourly(ctx context.Context, since time.Time) ([]event.Tally, error) {
	return reading(f, func() ([]event.Tally, error) { return f.ledger.Hourly(ctx, since) })
}

func (f *frail) Issues(ctx context.Context, q event.IssueFilter) ([]*event.Issue, error) {
	return reading(f, func() ([]*event.Issue, error) { return f.ledger.Issues(ctx, q) })
}

func (f *frail) Refusals(ctx context.Context) ([]event.Refusal, error) {
	return reading(f, func() ([]event.Refusal, error) { return f.ledger.Refusals(ctx) })
}

func (f *frail) FailedRuns(ctx context.Context, q event.FailedRuns) ([]event.FailedRun, error) {
	return reading(f, func() ([]event.FailedRun, error) { return f.ledger.FailedRuns(ctx, q) })
}

func (f *frail) WaitingRules(ctx context.Context, limit int) ([]string, error) {
	return reading(f, func() ([]string, error) { return f.ledger.WaitingRules(ctx, limit) })
}

func (f *frail) Counts(ctx context.Context) (event.Counts, error) {
	return reading(f, func() (event.Counts, error) { return f.ledger.Counts(ctx) })
}

func (f *frail) Tallies(ctx context.Context, since time.Time) ([]event.Tally, error) {
	return reading(f, func() ([]event.Tally, error) { return f.ledger.Tallies(ctx, since) })
}

func (f *frail) Search(ctx context.Context, q search.Query, after, before int64, limit int) (seqs []int64, upTo int64, err error) {
	_, err = reading(f, func() (struct{}, error) {
		seqs, upTo, err = f.ledger.Search(ctx, q, after, before, limit)
		return struct{}{}, err
	})
	return seqs, upTo, err
}

// TestWhatCannotBeRead is an error, on every page and in every answer, whichever
// of the questions to the store fails. What only adorns a page may be missing.
func TestWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	f := &frail{}
	r := setup(t, func(o *console.Options) { f.ledger, o.Ledger = o.Ledger, f })
	run := r.accept(event.TypeScheduled, "ev-1", event.StatusFailed, event.StatusWaiting)[0]
	for path, adorn := range map[string]int{
		"/": 1, "/events": 0, "/events?q=globex": 0, "/events/ev-1": 0, "/events/ev-1/body": 0, "/runs": 1, "/runs/" + run.ID: 1, "/meetings/" + run.MeetingID: 0, "/rules": 0, "/rules/rule-one": 0, "/refused": 0, "/api/v1/refused": 0, "/connections": 0, "/connections/crm": 0, "/search?q=ev-1": 0,
		"/api/v1/status": 0, "/api/v1/day": 0, "/api/v1/rules/rule-one": 0, "/api/v1/connections": 0, "/api/v1/connections/crm": 0, "/api/v1/events": 0, "/api/v1/events?q=globex": 0, "/api/v1/events/ev-1": 0, "/api/v1/meetings/" + run.MeetingID: 0,
		"/api/v1/runs": 0, "/api/v1/runs/" + run.ID: 0, "/api/v1/export/events": 0, "/api/v1/export/runs": 0,
	} {
		f.reset(0)
		whole := r.page(path)
		if whole.StatusCode >= 400 || f.calls == 0 {
			t.Errorf("%s: %d after %d questions", path, whole.StatusCode, f.calls)
		}
		shown := 0
		if whole.StatusCode == http.StatusOK && strings.HasPrefix(whole.Header.Get("Content-Type"), "text/html") {
			adorn++ // the number of open issues beside their name
		}
		for i := 1; ; i++ {
			f.reset(i)
			a := r.page(path)
			if f.calls < i {
				break
			}
			if a.StatusCode == http.StatusOK {
				shown++
				continue
			}
			if a.StatusCode != http.StatusInternalServerError || strings.Contains(a.Body, "secret") {
				t.Errorf("%s with question %d in vain: %d %s", path, i, a.StatusCode, a.Body)
			}
		}
		if shown != adorn {
			t.Errorf("%s is shown though %d questions got no answer, want %d", path, shown, adorn)
		}
	}
	if !strings.Contains(r.log.String(), "a secret table is gone") {
		t.Error("the log does not say why")
	}
}

// TestExportsAreSentInPages: oldest first, each once, to the last.
func TestExportsAreSentInPages(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	var want []string
	for i := range 103 {
		id := "ev-" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		r.accept(event.TypeScheduled, id, event.StatusSucceeded)
		want = append(want, id)
	}
	for _, what := range []string{"events", "runs"} {
		for _, limit := range []string{"1", "50", "51", "102", "103", "104", "500"} {
			var got []string
			pages := 0
			for cursor := ""; pages < 200; {
				pages++
				page := decoded[struct {
					Items []struct {
						Event string `json:"event_id"`
					}
					Next string
				}](t, r.do("GET", "/api/v1/export/"+what+"?limit="+limit+"&cursor="+url.QueryEscape(cursor), ""))
				for _, item := range page.Items {
					got = append(got, item.Event)
				}
				if cursor = page.Next; cursor == "" {
					break
				}
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("%s by %s: %d of %d on %d pages: %.200s", what, limit, len(got), len(want), pages, got)
			}
		}
	}
}
