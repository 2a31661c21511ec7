package plan_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
)

// kinds are a wait in its simplest form and something to say.
func kinds() params.Kinds {
	return params.Kinds{
		Actions: []params.Kind{
			{Name: "sleep", New: func() params.Params { return &sleep{} }, Timeout: time.Minute},
			{Name: "say", New: func() params.Params { return &say{} }, Timeout: time.Minute, NewResult: func() any { return &said{} }, Connection: "line", ConnectionOptional: true},
			{Name: "note", New: func() params.Params { return &say{} }, Timeout: time.Minute, Local: true},
		},
		Connections: []params.ConnectionKind{{Name: "line", New: func() params.ConnectionParams { return &line{} }}},
	}
}

type line struct{}

func (*line) Open() (any, error) { return struct{}{}, nil }

type say struct {
	Connection string      `yaml:"connection"`
	Text       values.Text `yaml:"text"`
}

type said struct {
	Number int `json:"number" expr:"number"`
}

func (s *say) Build(any) (params.Action, error)             { return s, nil }
func (*say) Prepare(*language.Scope) (params.Effect, error) { return nil, nil }

type sleep struct {
	Until values.Expr `yaml:"until" type:"time"`
	Skip  bool        `yaml:"skip"`
}

func (s *sleep) Build(any) (params.Action, error) { return (*sleeper)(s), nil }

type sleeper sleep

func (*sleeper) Prepare(*language.Scope) (params.Effect, error) { return nil, nil }
func (*sleeper) Follow() bool                                   { return true }
func (*sleeper) Recheck() bool                                  { return true }
func (*sleeper) Lapses() bool                                   { return false }
func (s *sleeper) Wait(scope *language.Scope, now, since time.Time) (params.Wake, error) {
	at, err := s.Until.Eval(scope)
	if err != nil {
		return params.Wake{}, err
	}
	wake := params.Wake{At: at.(time.Time), Reason: "since " + since.Format(time.TimeOnly)}
	wake.Skip = s.Skip && wake.At.Before(now)
	return wake, nil
}

var nine = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func load(t *testing.T, yaml string) *rules.Set {
	t.Helper()
	set, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(yaml)}}, rules.Options{Kinds: kinds()})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	return set
}

func made(t *testing.T, eventType string, change ...string) *event.Event {
	t.Helper()
	body, err := sample.Body(eventType, "evt", nine)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(change); i += 2 {
		if body, err = sample.Set(body, change[i], change[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	ev, err := decode.Event(body)
	if err != nil {
		t.Fatal(err)
	}
	ev.Received = nine.Add(time.Second)
	return ev
}

const everyKind = `
connections:
  crm: { kind: line }
rules:
  - name: plain
    event: "*"
    actions: [ { say: { connection: crm, text: a } }, { note: { text: b } } ]
  - name: shadow
    event: "*"
    mode: shadow
    late: run
    actions: [ { say: { connection: crm, text: a } } ]
  - name: broken
    event: "*"
    when: meeting.meetingStart > event.deliveryTimestamp
    actions: [ { say: { connection: crm, text: a } } ]
  - name: never
    event: "*"
    when: "false"
    actions: [ { note: { text: a } } ]
  - name: reminder
    event: "*"
    actions: [ { sleep: { until: event.eventTimestamp } }, { note: { text: a } } ]
  - name: window
    event: "*"
    threshold: { count: 2, within: 1h, per: meeting.id }
    actions: [ { note: { text: a } } ]
  - name: keyless
    event: "*"
    throttle: { once: 1h, per: meeting.meetingStart.Hour() }
    actions: [ { say: { connection: crm, text: a } } ]
`

func planned(t *testing.T, set *rules.Set, ev *event.Event, now time.Time) map[string]event.PlannedRun {
	t.Helper()
	runs, err := plan.Runs(set, ev, set.Match(ev), now)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]event.PlannedRun{}
	for _, r := range runs {
		out[r.Rule] = r
	}
	return out
}

// TestRuns: every rule that matched, or could not be evaluated, has a run.
func TestRuns(t *testing.T) {
	t.Parallel()
	set := load(t, everyKind)
	ev, now := made(t, event.TypeScheduled, "meeting.meetingStart", ""), nine.Add(time.Minute)
	runs := planned(t, set, ev, now)
	ids := map[string]bool{}
	for name, r := range runs {
		ids[r.ID] = true
		want := event.Run{
			EventID: "evt", Organization: ev.OrganizationGUID, EventType: event.TypeScheduled, Rule: name, Revision: set.Revision, MeetingID: ev.Meeting.ID,
			Status: event.StatusPending, Due: now, Created: ev.Received, Updated: now, Shadow: name == "shadow",
		}
		if diff := cmp.Diff(want, r.Run, cmpopts.IgnoreFields(event.Run{}, "ID", "Status", "Reason", "Lanes", "Next", "Finished")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if r.SkipIfLate != (name != "shadow" && name != "window") || r.Replaces != (name == "reminder") {
			t.Errorf("%s: skipped if late %t, replaces %t", name, r.SkipIfLate, r.Replaces)
		}
	}
	if len(runs) != 6 || len(ids) != 6 || runs["never"].ID != "" {
		t.Fatalf("runs: %v", runs)
	}
	failed := func(name string, next int, finished time.Time, reason string) {
		t.Helper()
		r := runs[name]
		if r.Status != event.StatusFailed || r.Next != next || !r.Finished.Equal(finished) || !strings.HasPrefix(r.Reason, reason) || r.Lanes != nil || r.Windows != nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
	failed("broken", event.NextCondition, now, "the condition could not be evaluated: ")
	failed("keyless", 0, ev.Received, "the window cannot be evaluated: per of the throttle: ")
	lane := event.Lane(ev.MeetingKey(), "crm")
	for name, lanes := range map[string][]string{"plain": {lane}, "shadow": nil, "reminder": nil, "window": nil} {
		if diff := cmp.Diff(lanes, runs[name].Lanes); diff != "" || runs[name].Status != event.StatusPending || !runs[name].Finished.IsZero() {
			t.Errorf("lanes of %s (-want +got):\n%s", name, diff)
		}
	}
	want := []event.Window{{Kind: event.WindowThreshold, Rule: "window", Key: ev.Meeting.ID, Label: runs["window"].Windows[0].Label, Count: 2, Length: time.Hour}}
	if diff := cmp.Diff(want, runs["window"].Windows); diff != "" || runs["plain"].Windows != nil {
		t.Errorf("windows (-want +got):\n%s", diff)
	}

	// An event without a meeting keeps no order and replaces nothing.
	ev = made(t, event.TypeWebhookTest)
	ev.Received = time.Time{}
	runs = planned(t, set, ev, now)
	if p := runs["plain"]; p.Lanes != nil || p.MeetingID != "" || !p.Created.Equal(now) {
		t.Errorf("%+v", p)
	}
	if runs["reminder"].Replaces {
		t.Error("a run without a meeting takes the place of others")
	}
}

const reminder = `
rules:
  - name: remind
    event: scheduling.smartscheduler.scheduled
    actions:
      - { id: ask, say: { text: a } }
      - { id: sleep, sleep: { until: meeting.meetingStart, skip: true } }
      - { id: tell, note: { text: b } }
`

func result(t *testing.T, v any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// asleep is a run of the reminder that waits for the sample's meeting.
func asleep(t *testing.T) *event.Run {
	t.Helper()
	return &event.Run{
		ID: "r", EventID: "evt", EventType: event.TypeScheduled, Rule: "remind", Status: event.StatusWaiting, Next: 1, Due: nine.Add(49 * time.Hour),
		Results: map[string]json.RawMessage{
			"ask": []byte(`{"number": 7}`), "sleep": result(t, plan.Wait{Since: nine.Add(-time.Hour), Until: nine.Add(49 * time.Hour)}),
		},
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	set := load(t, reminder)
	at := func(d time.Duration) []string {
		return []string{"meeting.meetingStart", nine.Add(d).Format(time.RFC3339)}
	}
	for name, c := range map[string]struct {
		change []string
		run    func(*event.Run)
		want   event.Move
	}{
		"the same moment": {at(49 * time.Hour), nil, event.Move{}},
		"later": {at(50 * time.Hour), nil, event.Move{Action: event.MoveTo, Due: nine.Add(50 * time.Hour),
			Reason: "moved from 2026-03-04 10:00:00 UTC to 2026-03-04 11:00:00 UTC by event evt: since 08:00:00"}},
		"its first sleep": {at(50 * time.Hour), func(r *event.Run) { delete(r.Results, "sleep") }, event.Move{Action: event.MoveTo, Due: nine.Add(50 * time.Hour),
			Reason: "moved from 2026-03-04 10:00:00 UTC to 2026-03-04 11:00:00 UTC by event evt: since 09:00:00"}},
		"past":      {at(-time.Hour), nil, event.Move{Action: event.MoveDrop, Reason: "dropped after event evt: since 08:00:00"}},
		"no moment": {[]string{"meeting.meetingStart", ""}, nil, event.Move{Action: event.MoveTo, Due: nine, Reason: "recalculating after event evt"}},
		"no rule":   {at(50 * time.Hour), func(r *event.Run) { r.Rule = "other" }, event.Move{}},
		"no action": {at(50 * time.Hour), func(r *event.Run) { r.Next = 3 }, event.Move{}},
		"no wait":   {at(50 * time.Hour), func(r *event.Run) { r.Next = 2 }, event.Move{}},
	} {
		run := asleep(t)
		if c.run != nil {
			c.run(run)
		}
		if diff := cmp.Diff(c.want, plan.Follow(set, run, made(t, event.TypeRescheduled, c.change...), nine)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestNewMove: a run that waits is taken over where the new rule has its wait,
// and stays where it is otherwise.
func TestNewMove(t *testing.T) {
	t.Parallel()
	was := load(t, reminder)
	type replacement [2]string
	for name, c := range map[string]struct {
		change  replacement
		run     func(*event.Run)
		problem string
	}{
		"another wait":      {change: replacement{"until: meeting.meetingStart,", "until: meeting.meetingStart - duration(\"1h\"),"}},
		"one action fewer":  {change: replacement{"- { id: ask, say: { text: a } }", ""}},
		"running":           {run: func(r *event.Run) { r.Status = event.StatusRunning }, problem: "it is running, not waiting"},
		"damaged":           {run: func(r *event.Run) { r.Damage = &event.Damage{Reason: "unreadable"} }, problem: "unreadable"},
		"digest":            {run: func(r *event.Run) { r.Next, r.Results = 0, nil }, problem: "it collects events for a digest"},
		"unknown before":    {run: func(r *event.Run) { r.Rule = "other" }, problem: "the rule it started with has no such action"},
		"no such action":    {run: func(r *event.Run) { r.Next = 3 }, problem: "the rule it started with has no such action"},
		"rule is gone":      {change: replacement{"name: remind", "name: renamed"}, problem: "the rule is not in the new rules"},
		"turned off":        {change: replacement{"name: remind", "name: remind\n    enabled: false"}, problem: "the new rule is turned off (enabled: false)"},
		"in shadow":         {change: replacement{"name: remind", "name: remind\n    mode: shadow"}, problem: "the new rule is a shadow rule and sends nothing, but this run would send"},
		"both in shadow":    {change: replacement{"name: remind", "name: remind\n    mode: shadow"}, run: func(r *event.Run) { r.Shadow = true }},
		"of another type":   {change: replacement{"event: scheduling.smartscheduler.scheduled", "event: x.y"}, problem: "the new rule does not listen to " + event.TypeScheduled},
		"looks back":        {change: replacement{"text: b", "text: \"${{ previous.meetingStart }}\""}, problem: "the new rule uses earlier events, so its wait cannot be calculated in advance"},
		"wait is renamed":   {change: replacement{"id: sleep", "id: nap"}, problem: "the new rule has no action sleep"},
		"wait is no wait":   {change: replacement{"id: sleep, sleep: { until: meeting.meetingStart, skip: true }", "id: sleep, note: { text: c }"}, problem: "action sleep of the new rule is not a wait"},
		"behind its wait":   {run: func(r *event.Run) { r.Results["sleep"] = result(t, plan.Wait{Since: nine, Until: nine, Then: 2}) }, problem: "actions after its wait have already run"},
		"moment is unknown": {change: replacement{"until: meeting.meetingStart,", "until: 'event.deliveryTimestamp + duration(actions.ask.number == 7 ? \"x\" : \"1h\")',"}, problem: "duration"},
	} {
		run := asleep(t)
		if c.run != nil {
			c.run(run)
		}
		yaml := reminder
		if c.change[0] != "" {
			if yaml = strings.Replace(reminder, c.change[0], c.change[1], 1); yaml == reminder {
				t.Fatalf("%s changes nothing", name)
			}
		}
		to := load(t, yaml)
		ev := made(t, event.TypeScheduled)
		m := plan.NewMove(was, to, run, ev, ev.Meeting, nine)
		if c.problem != "" {
			if !strings.Contains(m.Problem, c.problem) || m.Run != run || !m.Due.Equal(run.Due) || m.Reason != "" {
				t.Errorf("%s: %+v; want the problem %q", name, m, c.problem)
			}
			continue
		}
		want := plan.Move{Run: run, Next: 1, Due: nine.Add(49 * time.Hour), Reason: "moved to revision " + to.Revision + ": since 08:00:00"}
		switch name {
		case "another wait":
			want.Due = nine.Add(48 * time.Hour)
		case "one action fewer":
			want.Next = 0
		}
		if diff := cmp.Diff(want, m); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestKnownResults(t *testing.T) {
	t.Parallel()
	rule := load(t, reminder).Rule("remind")
	run := asleep(t)
	run.Results["gone"] = []byte(`{}`)
	if diff := cmp.Diff(map[string]any{"ask": &said{Number: 7}}, plan.KnownResults(rule, run, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	run.Results["ask"] = []byte(`{"number": "x"}`)
	if got := plan.KnownResults(rule, run, false); len(got) != 0 {
		t.Errorf("what cannot be read is known: %v", got)
	}
	if got := plan.KnownResults(rule, &event.Run{}, false); got != nil {
		t.Errorf("%v", got)
	}
}

func TestWaitOf(t *testing.T) {
	t.Parallel()
	for stored, want := range map[string]bool{
		`{"since": "2026-03-02T09:00:00Z", "until": "2026-03-02T10:00:00Z", "then": 3}`: true,
		`{"since": "2026-03-02T09:00:00Z"}`:                                             false, `{"until": 5}`: false, ``: false,
	} {
		run := &event.Run{Results: map[string]json.RawMessage{"sleep": json.RawMessage(stored)}}
		state, reached := plan.WaitOf(run, "sleep")
		wanted := plan.Wait{}
		if want {
			wanted = plan.Wait{Since: nine, Until: nine.Add(time.Hour), Then: 3}
		}
		if diff := cmp.Diff(wanted, state); reached != want || diff != "" {
			t.Errorf("%s: reached %t (-want +got):\n%s", stored, reached, diff)
		}
	}
	if _, reached := plan.WaitOf(&event.Run{}, "sleep"); reached {
		t.Error("a run without results has reached its wait")
	}
}

// What Encode writes is what encoding/json would write, and comes back.
func TestWaitEncodes(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("east", 7200)
	for _, w := range []plan.Wait{
		{}, {Since: nine, Until: nine}, {Since: nine.Add(time.Nanosecond).In(east), Until: nine.Add(time.Hour), Then: 2},
		{Since: nine, Until: nine, Then: -1}, {Since: nine, Until: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Since: nine.In(time.FixedZone("odd", 90)), Until: nine},
	} {
		want, _ := json.Marshal(w)
		got := w.Encode()
		if string(got) != string(want) {
			t.Errorf("%s, want %s", got, want)
		}
		var wanted plan.Wait
		reached := json.Unmarshal(want, &wanted) == nil && !wanted.Until.IsZero()
		if !reached {
			wanted = plan.Wait{}
		}
		state, known := plan.WaitOf(&event.Run{Results: map[string]json.RawMessage{"sleep": got}}, "sleep")
		if diff := cmp.Diff(wanted, state); known != reached || diff != "" {
			t.Errorf("%s: reached %t (-want +got):\n%s", got, known, diff)
		}
	}
}

type fixed struct {
	params.Waiter
	wake params.Wake
	err  error
}

func (f fixed) Wait(*language.Scope, time.Time, time.Time) (params.Wake, error) { return f.wake, f.err }

// TestWake: no run waits for a moment that no list could show.
func TestWake(t *testing.T) {
	t.Parallel()
	for year, want := range map[int]string{1: "", 9999: "", 10000: "the wait would end in year 10000; the latest possible year is 9999", 0: "the wait would end in year 0"} {
		at := time.Date(year, 5, 5, 0, 0, 0, 0, time.UTC)
		wake, err := plan.Wake(fixed{wake: params.Wake{At: at, Reason: "so"}}, nil, nine, nine)
		switch {
		case want == "" && (err != nil || !wake.At.Equal(at) || wake.Reason != "so"):
			t.Errorf("year %d: %+v, %v", year, wake, err)
		case want != "" && (err == nil || !strings.HasPrefix(err.Error(), want) || wake != params.Wake{}):
			t.Errorf("year %d: %+v, %v", year, wake, err)
		}
	}
	absent := errors.New("absent")
	if _, err := plan.Wake(fixed{err: absent}, nil, nine, nine); !errors.Is(err, absent) {
		t.Error(err)
	}
}

const windowed = `
rules:
  - name: plain
    event: "*"
    actions: [ { note: { text: a } } ]
  - name: throttled
    event: "*"
    throttle: { once: 1h }
    actions: [ { note: { text: a } } ]
  - name: digest
    event: "*"
    digest: { every: 1h }
    actions: [ { note: { text: a } } ]
  - name: counted
    event: "*"
    threshold: { count: 2, within: 1h }
    throttle: { once: 1h }
    actions: [ { note: { text: a } } ]
`

func TestReplay(t *testing.T) {
	t.Parallel()
	set, ev, key := load(t, windowed), made(t, event.TypeScheduled), uuid.Must(uuid.NewV7())
	rec := &event.Record{Seq: 5, Event: ev}
	rec.Event.Timestamp = nine.Add(-time.Hour) // of its arrival, which its body does not say
	now := nine.Add(24 * time.Hour)
	replay := func(rule string, state *event.WindowState, err error) (map[string]event.ReplayedRun, error) {
		runs, err := plan.Replay(t.Context(), set, rec, plan.ReplayOptions{
			Rule: rule, Key: key, Now: now, WindowState: func(_ context.Context, w event.Window, here event.Occurrence) (*event.WindowState, error) {
				if want := (event.Occurrence{EventID: ev.Key(), Seq: 5, At: rec.Event.Timestamp}); w.Kind != event.WindowThreshold || here != want {
					t.Errorf("asked about %+v of %+v", here, w)
				}
				return state, err
			},
		})
		out := map[string]event.ReplayedRun{}
		for _, r := range runs {
			out[r.Rule] = r
		}
		return out, err
	}
	check := func(r event.ReplayedRun, status event.Status, scope bool, gathered, reason string) {
		t.Helper()
		if r.Status != status || (r.Scope != "") != scope || r.Gathered != gathered || r.Reason != reason || r.Windows != nil || !r.Created.Equal(now) {
			t.Errorf("%s: %+v; want %s, %q", r.Rule, r, status, reason)
		}
	}
	runs, err := replay("", &event.WindowState{Run: "used-by"}, nil)
	if err != nil || len(runs) != 4 {
		t.Fatalf("%v, %v", runs, err)
	}
	check(runs["plain"], event.StatusPending, false, "", "")
	check(runs["throttled"], event.StatusPending, false, "", "throttle: not applied to replays")
	check(runs["digest"], event.StatusPending, true, "", "digest: a replay contains only this event")
	check(runs["counted"], event.StatusPending, true, "used-by", "throttle: not applied to replays")

	again, err := replay("counted", &event.WindowState{}, nil)
	if err != nil || len(again) != 1 {
		t.Fatalf("%v, %v", again, err)
	}
	check(again["counted"], event.StatusSkipped, true, "", "threshold: replays are not counted, and this event was not part of reaching it")
	if r := again["counted"]; !r.Finished.Equal(now) || r.Lanes != nil {
		t.Errorf("%+v", r)
	}
	// The same request makes the same runs, and each rule has its own.
	ids := map[string]bool{}
	for name, r := range runs {
		id, err := uuid.Parse(r.ID)
		if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 || id.Time() != key.Time() {
			t.Errorf("%s: id %s of key %s, %v", name, r.ID, key, err)
		}
		ids[r.ID] = true
	}
	if len(ids) != 4 || again["counted"].ID != runs["counted"].ID {
		t.Errorf("ids %v, again %s", ids, again["counted"].ID)
	}

	lost := errors.New("lost")
	if _, err := replay("", nil, lost); !errors.Is(err, lost) {
		t.Error(err)
	}
	rec.Event = rec.Event.WithBody([]byte("sealed"))
	if _, err := replay("", nil, nil); !errors.Is(err, event.ErrInvalid) || !strings.HasPrefix(err.Error(), `event "evt": `) {
		t.Error(err)
	}
}
