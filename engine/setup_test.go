package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/actions/remember"
	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/revisions"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/sqlite/sqlitetest"
)

// bench is an engine on a real SQLite file with a kind of action, "probe",
// whose answers the test decides.
type bench struct {
	t      *testing.T
	path   string
	store  *sqlite.Store
	engine *engine.Engine
	set    atomic.Pointer[rules.Set] // a test may change it while the engine runs
	probe  *probe
	// pauses lets the store's pauses take effect, which asks it twice a second.
	pauses bool
	// large is Options.LargeBodies.
	large int64
	// recorded is called after the store has recorded progress.
	recorded func(event.Progress)
}

// setup must be called inside a synctest bubble.
func setup(t *testing.T, yaml string) *bench {
	t.Helper()
	return setupWith(&bench{t: t, path: sqlitetest.File(t), probe: &probe{}}, yaml)
}

func setupWith(b *bench, yaml string) *bench {
	t := b.t
	t.Helper()
	b.load(yaml)
	b.open("first")
	t.Cleanup(b.close)
	return b
}

func (b *bench) load(yaml string) {
	b.t.Helper()
	b.set.Store(b.compile([]text.Source{{Name: "rules.yaml", Content: []byte(yaml)}}))
}

func (b *bench) compile(sources []text.Source) *rules.Set {
	b.t.Helper()
	set, findings := rules.Load(sources, rules.Options{Kinds: b.probe.kinds()})
	if findings.HasErrors() {
		b.t.Fatalf("rules: %v", findings)
	}
	return set
}

func (b *bench) open(owner string) {
	b.t.Helper()
	store, err := sqlite.Open(b.t.Context(), b.path, sqlite.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	if err := store.SaveRevision(b.t.Context(), b.current().Revision, text.EncodeSources(b.current().Sources), time.Now()); err != nil {
		b.t.Fatal(err)
	}
	b.store = store
	o := engine.Options{Store: store, Owner: owner, Poll: time.Hour, Current: b.current, Revisions: b.revisions(), LargeBodies: b.large}
	if b.pauses {
		o.Pauses, o.Poll = store, 10*time.Second
	}
	if b.recorded != nil {
		o.Store = observed{store, b.recorded}
	}
	b.engine = engine.New(o)
	if err := b.engine.Start(); err != nil {
		b.t.Fatal(err)
	}
}

// observed is a store that tells what it has recorded.
type observed struct {
	*sqlite.Store
	recorded func(event.Progress)
}

func (o observed) Record(ctx context.Context, p event.Progress) error {
	err := o.Store.Record(ctx, p)
	o.recorded(p)
	return err
}

func (b *bench) current() *rules.Set { return b.set.Load() }

func (b *bench) revisions() *revisions.Cache {
	return revisions.New(b.store, b.current, func(sources []byte) (*rules.Set, error) {
		decoded, err := text.DecodeSources(sources)
		if err != nil {
			return nil, err
		}
		return b.compile(decoded), nil
	})
}

func (b *bench) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := b.engine.Stop(ctx); err != nil {
		b.t.Errorf("stop: %v", err)
	}
	if err := b.store.Close(); err != nil {
		b.t.Errorf("close: %v", err)
	}
}

// takeThenDie stores an event with its runs leased to a process that does
// nothing more, as if it had been killed right after the answer.
func (b *bench) takeThenDie(eventType, id string, inFlight bool) {
	b.t.Helper()
	ev := made(b.t, eventType, id)
	now := time.Now()
	var planned []event.PlannedRun
	for i, v := range b.current().Match(ev) {
		planned = append(planned, event.PlannedRun{Run: event.Run{
			ID: fmt.Sprintf("%s-run-%d", id, i), EventID: id, EventType: ev.Type, Rule: v.Rule.Name, Revision: b.current().Revision,
			MeetingID: ev.Meeting.ID, Status: event.StatusPending, InFlight: inFlight, Due: now, Created: now, Updated: now,
		}})
	}
	if _, err := b.store.Accept(b.t.Context(), event.Acceptance{
		Event: ev, Revision: b.current().Revision, Runs: planned, Owner: "dead", LeaseUntil: now.Add(30 * time.Second), Now: now,
	}); err != nil {
		b.t.Fatal(err)
	}
	b.engine.Wake() // as word from another process would
}

// take sends a sample event; change edits it by path and value.
func (b *bench) take(eventType, id string, change ...string) event.Receipt {
	b.t.Helper()
	receipt, err := b.engine.Take(b.t.Context(), made(b.t, eventType, id, change...))
	if err != nil {
		b.t.Fatalf("take %s: %v", id, err)
	}
	return receipt
}

func made(t *testing.T, eventType, id string, change ...string) *event.Event {
	t.Helper()
	body, err := sample.Body(eventType, id, time.Now())
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
	ev.Received = time.Now()
	return ev
}

// settle lets everything that can happen now happen.
func settle() {
	synctest.Wait()
	time.Sleep(50 * time.Millisecond) // commits and wake-ups between goroutines
	synctest.Wait()
}

// only returns the single run in the store.
func (b *bench) only() *event.Run {
	b.t.Helper()
	runs := b.runs()
	if len(runs) != 1 {
		b.t.Fatalf("%d runs, want 1: %+v", len(runs), runs)
	}
	return runs[0]
}

// runs returns all runs, oldest first.
func (b *bench) runs() []*event.Run {
	b.t.Helper()
	runs, err := b.store.Runs(b.t.Context(), event.RunFilter{Limit: 1000, Results: true})
	if err != nil {
		b.t.Fatal(err)
	}
	for i, j := 0, len(runs)-1; i < j; i, j = i+1, j-1 {
		runs[i], runs[j] = runs[j], runs[i]
	}
	return runs
}

// history returns "action outcome" for every attempt of a run.
func (b *bench) history(run *event.Run) []string {
	b.t.Helper()
	attempts, err := b.store.Attempts(b.t.Context(), run.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	var lines []string
	for _, a := range attempts {
		lines = append(lines, fmt.Sprintf("%s %s", a.ActionID, a.Outcome))
	}
	return lines
}

// probe is the action of these tests. It keeps what was sent and answers as
// the test says.
type probe struct {
	stall func() // called when an action is prepared
	mu    sync.Mutex
	sent  []sending
	// answer decides what a sending comes to; nil is success.
	answer func(ctx context.Context, s sending) (any, error)
}

type sending struct {
	Text, Key, ActionID string
	Try                 int
	At                  time.Time
}

func (p *probe) texts() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, s := range p.sent {
		out = append(out, s.Text)
	}
	return out
}

func (p *probe) all() []sending {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]sending(nil), p.sent...)
}

func (p *probe) kinds() params.Kinds {
	return params.Kinds{
		Actions: []params.Kind{{
			Name: "probe", New: func() params.Params { return &probeParams{probe: p} }, Connection: "probe", ConnectionOptional: true,
			NewResult: func() any { return &probeResult{} }, Timeout: time.Minute,
		}, {
			Name: "note", New: func() params.Params { return &probeParams{probe: p} }, Timeout: time.Minute, Local: true,
		}, {
			Name: "sleep", New: func() params.Params { return &sleepParams{} }, Timeout: time.Minute,
			NewResult: func() any { return &probeResult{} },
		}, remember.Kind(), remember.Counter()},
		Connections: []params.ConnectionKind{{Name: "probe", New: func() params.ConnectionParams { return &probeConnection{} }}},
	}
}

type probeConnection struct{}

func (*probeConnection) Open() (any, error) { return struct{}{}, nil }

type probeParams struct {
	Connection string      `yaml:"connection"`
	Text       values.Text `yaml:"text" required:"true"`
	probe      *probe
}

type probeResult struct {
	Number int `json:"number" expr:"number"`
}

func (p *probeParams) Build(any) (params.Action, error) { return p, nil }

func (p *probeParams) Prepare(s *language.Scope) (params.Effect, error) {
	if p.probe.stall != nil {
		p.probe.stall()
	}
	text, err := p.Text.Render(s, nil)
	if err != nil {
		return nil, err
	}
	return &probeEffect{Text: text, probe: p.probe}, nil
}

type probeEffect struct {
	Text  string `json:"text"`
	probe *probe
}

// Host is that of a text like "at NAME: …"; without a connection it has a gate.
func (e *probeEffect) Host() string {
	rest, ok := strings.CutPrefix(e.Text, "at ")
	if name, _, found := strings.Cut(rest, ":"); ok && found {
		return name
	}
	return ""
}

func (e *probeEffect) Do(ctx context.Context, d params.Delivery) (any, error) {
	s := sending{Text: e.Text, Key: d.Key, ActionID: d.ActionID, Try: d.Try, At: time.Now()}
	e.probe.mu.Lock()
	e.probe.sent = append(e.probe.sent, s)
	answer := e.probe.answer
	e.probe.mu.Unlock()
	if answer == nil {
		return &probeResult{Number: 7}, nil
	}
	return answer(ctx, s)
}

// sleepParams is a wait in its simplest form: until an expression's time.
type sleepParams struct {
	Until  values.Expr `yaml:"until" type:"time"`
	IfPast string      `yaml:"if_past"`
}

func (p *sleepParams) Build(any) (params.Action, error) { return &sleeper{p}, nil }

type sleeper struct{ p *sleepParams }

func (*sleeper) Prepare(*language.Scope) (params.Effect, error) { return nil, nil }
func (*sleeper) Follow() bool                                   { return true }
func (*sleeper) Recheck() bool                                  { return true }
func (s *sleeper) Lapses() bool                                 { return s.p.IfPast == "skip" }
func (s *sleeper) Wait(scope *language.Scope, now, _ time.Time) (params.Wake, error) {
	at, err := s.p.Until.Eval(scope)
	if err != nil {
		return params.Wake{}, err
	}
	wake := params.Wake{At: at.(time.Time), Reason: s.p.Until.Source}
	wake.Skip = s.p.IfPast == "skip" && wake.At.Before(now)
	return wake, nil
}

// failWith answers the first n sendings with a failure.
func failWith(n int, f *event.Failure) func(context.Context, sending) (any, error) {
	left := n
	return func(context.Context, sending) (any, error) {
		if left > 0 {
			left--
			return nil, f
		}
		return &probeResult{Number: 1}, nil
	}
}
