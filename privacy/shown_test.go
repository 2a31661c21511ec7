package privacy_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/search"
	"github.com/gavel-rules/gavel/privacy"
)

const guest = "jane-of-globex@globex.example"

// gossip is a ledger that reports a guest wherever it can.
type gossip struct{ event *event.Event }

func (g gossip) record() *event.Record { return &event.Record{Event: g.event} }

func (g gossip) run() *event.Run {
	text := json.RawMessage(`"` + guest + `"`)
	return &event.Run{ID: "r", EventID: "e", Reason: "to " + guest, Results: map[string]json.RawMessage{"a": text}}
}

func (g gossip) Event(context.Context, string) (*event.Record, error) { return g.record(), nil }

func (g gossip) Events(context.Context, event.EventFilter) ([]*event.Record, error) {
	return []*event.Record{g.record()}, nil
}

func (g gossip) Meeting(context.Context, string) (*event.MeetingState, error) {
	return &event.MeetingState{Newest: g.record()}, nil
}

func (g gossip) Run(context.Context, string) (*event.Run, error) { return g.run(), nil }

func (g gossip) Runs(context.Context, event.RunFilter) ([]*event.Run, error) {
	return []*event.Run{g.run()}, nil
}

func (g gossip) Attempts(context.Context, string) ([]event.Attempt, error) {
	text := json.RawMessage(`{"to":"` + guest + `"}`)
	return []event.Attempt{{Reason: "to " + guest, Request: text, Response: text}}, nil
}

func (g gossip) RuleRuns(context.Context, event.RulesFilter) ([]event.RuleRuns, error) {
	return nil, nil
}

func (g gossip) Issues(context.Context, event.IssueFilter) ([]*event.Issue, error) {
	return []*event.Issue{{Example: g.run()}}, nil
}

func (g gossip) IssueRuns(context.Context, event.IssueRuns) ([]*event.Run, error) {
	return []*event.Run{g.run()}, nil
}

func (g gossip) FailedRuns(context.Context, event.FailedRuns) ([]event.FailedRun, error) {
	return nil, nil
}

func (g gossip) Counts(context.Context) (event.Counts, error) { return event.Counts{}, nil }

func (g gossip) Tallies(context.Context, time.Time) ([]event.Tally, error) { return nil, nil }

func (g gossip) Search(context.Context, search.Query, int64, int64, int) ([]int64, int64, error) {
	return []int64{1}, 1, nil
}

func (gossip) Hourly(context.Context, time.Time) ([]event.Tally, error) { return nil, nil }
func (gossip) WaitingRules(context.Context, int) ([]string, error)      { return nil, nil }
func (gossip) Refusals(context.Context) ([]event.Refusal, error)        { return nil, nil }

func (g gossip) Daily(context.Context, time.Time) ([]event.Tally, error) { return nil, nil }

// TestEveryMethodHides asks for everything that is shown: none of it reports a
// guest who is private, also when a method is added.
func TestEveryMethodHides(t *testing.T) {
	t.Parallel()
	ev, err := decode.Event([]byte(`{"eventId":"e","eventType":"scheduling.smartscheduler.scheduled","data":{"id":"m","meetingInfo":{"primaryInvitee":"` + guest + `"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	fields, err := privacy.ParseFields([]string{"meeting.meetingInfo.primaryInvitee"})
	if err != nil {
		t.Fatal(err)
	}
	told := func(ledger any, method string) bool {
		f := reflect.ValueOf(ledger).MethodByName(method)
		in := []reflect.Value{reflect.ValueOf(t.Context())}
		for i := 1; i < f.Type().NumIn(); i++ {
			in = append(in, reflect.Zero(f.Type().In(i)))
		}
		out := ""
		for _, v := range f.Call(in) {
			text, err := json.Marshal(v.Interface())
			if err != nil {
				t.Fatal(err)
			}
			out += string(text)
		}
		return strings.Contains(out, guest)
	}
	open := 0
	for m := range reflect.TypeFor[privacy.Ledger]().Methods() {
		if told(gossip{ev}, m.Name) {
			open++
		}
		if told(privacy.Show(gossip{ev}, fields), m.Name) {
			t.Errorf("%s tells of the guest", m.Name)
		}
	}
	if open != 8 {
		t.Errorf("%d methods tell of the guest when nothing is private, want 8", open)
	}
	shown := privacy.Show(gossip{ev}, fields)
	if runs := shown.RunsOf(gossip{ev}.record(), []*event.Run{gossip{ev}.run()}); strings.Contains(runs[0].Reason, guest) {
		t.Errorf("an archived run says %q", runs[0].Reason)
	}
	// An embedded ledger would pass a new method on without a word.
	for f := range reflect.TypeFor[privacy.Shown]().Fields() {
		if f.Anonymous {
			t.Errorf("Shown embeds %s", f.Name)
		}
	}
}
