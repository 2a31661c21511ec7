package engine

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/params"
)

// shownBy is the gate of a run, made when it is first needed.
type shownBy struct {
	made bool
	gate *privacy.Gate
}

// gate is for everything of the run that people may see: it hides the secrets of
// the rules, and the private values of the event and of the other states of its
// meeting that the actions see.
func (j *job) gate() *privacy.Gate {
	if !j.shownBy.made {
		j.shownBy = shownBy{true, j.makeGate()}
	}
	return j.shownBy.gate
}

func (j *job) makeGate() *privacy.Gate {
	gate := j.set.Gate()
	if len(j.opts.Private) == 0 {
		return gate
	}
	return gate.And(privacy.GateForEvent(j.opts.Private, j.ev, j.newest, j.previous)).
		And(privacy.GateForGathering(j.opts.Private, j.window)).And(privacy.GateForGathering(j.opts.Private, j.report.newest())).
		And(privacy.GateForMemory(j.memory))
}

// shown is the effect as people may see it. With private fields, the action is
// prepared again for the event without their values, because short values
// cannot be found reliably in what is sent.
func (j *job) shown(s *rules.Step, effect params.Effect) any {
	if len(j.opts.Private) == 0 {
		return effect
	}
	hidden, err := j.withoutPrivate()
	if err != nil {
		return map[string]string{"hidden": "the request contains private event fields"}
	}
	prepared, err := s.Action.Prepare(hidden.scope())
	if err != nil {
		return map[string]string{"hidden": "the request cannot be shown without private event fields"}
	}
	return prepared
}

// withoutPrivate returns the job with its event without private values.
func (j *job) withoutPrivate() (*job, error) {
	other := *j
	other.used = nil // the scopes of both are in use
	other.redacted = true
	if j.rule.Calls() {
		other.run, other.results = j.withShownOutputs(), nil
	}
	body, _, err := j.opts.Private.Hide(j.ev.Body)
	if err != nil {
		return nil, err
	}
	if other.ev, err = decode.Event(body); err != nil {
		return nil, err
	}
	if other.newest, err = j.opts.Private.Meeting(j.newest); err != nil {
		return nil, err
	}
	if other.previous, err = j.opts.Private.Meeting(j.previous); err != nil {
		return nil, err
	}
	other.memory = j.opts.Private.Memory(j.memory)
	other.window, err = j.opts.Private.Gathering(j.window)
	return &other, err
}

// withShownOutputs returns the run with what chains have returned as people may
// see it.
func (j *job) withShownOutputs() *event.Run {
	run := *j.run
	run.Results = maps.Clone(run.Results)
	for _, s := range j.rule.Actions {
		if s.Flow == nil || s.Flow.Kind != rules.FlowCall {
			continue
		}
		for id := range j.run.Results {
			if shown, ok := j.run.Results[event.ShownResult(id)]; ok && event.ActionOf(id) == s.ID {
				run.Results[id] = shown
			}
		}
	}
	return &run
}

// words hides secrets and private values in a text.
func (j *job) words(text string) string { return j.gate().Text(text) }

// preview encodes a request for the history.
func (j *job) preview(effect any) json.RawMessage {
	limit := maxPreview
	if j.opts.Rehearsal.on() {
		limit = math.MaxInt // tests and backtests compare all of it
	}
	return j.gate().Clip(asSent(effect), limit)
}

// asSent is marshal with <, > and & as they are, as in what is sent.
func asSent(effect any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(effect); err != nil {
		return marshal(effect)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// reply encodes for the history what was received, and what was sent besides the
// request.
func (j *job) reply(exchange *params.Exchange, result json.RawMessage) json.RawMessage {
	seen := exchange.Collected()
	if seen.Reply != nil {
		result = marshal(seen.Reply)
	}
	if checkResult(result) != nil {
		result = json.RawMessage(`{"hidden":"the reply is nested too deeply to be shown"}`)
	}
	if len(result) > 0 {
		result = j.gate().Clip(result, maxReply)
	}
	if seen.Took == 0 {
		return result
	}
	for name, value := range seen.Headers {
		seen.Headers[name] = j.words(value)
	}
	return event.Exchange{
		IdempotencyKey: seen.IdempotencyKey, MessageID: j.words(seen.MessageID), Headers: seen.Headers,
		FirstByte: milliseconds(seen.FirstByte), Took: milliseconds(seen.Took),
	}.AddTo(result)
}

func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Millisecond)*100) / 100
}

// keep stores the result of an action for later actions, and next to it a copy
// as people may see it, if that differs.
func (j *job) keep(id string, result json.RawMessage) {
	results := make(map[string]json.RawMessage, len(j.run.Results)+1)
	maps.Copy(results, j.run.Results)
	j.run.Results = results // the store may share the one before
	j.results = nil
	results[id] = result
	delete(results, event.ShownResult(id))
	if shown := j.gate().Clip(result, maxShownResult); string(shown) != string(result) && j.gate() != nil {
		results[event.ShownResult(id)] = shown
	}
}

// maxShownResult limits the copy of a result that people may see, in bytes.
const maxShownResult = 64 << 10

// hideEndings hides secrets and private values in what ends absences.
func (e *Engine) hideEndings(set *rules.Set, ev *event.Event, ends []event.Ending) {
	if len(ends) == 0 {
		return
	}
	gate := set.Gate().And(privacy.GateForEvent(e.opts.Private, ev))
	for i := range ends {
		ends[i].Reason, ends[i].Window.Label = gate.Text(ends[i].Reason), gate.Text(ends[i].Window.Label)
	}
}

// hideWords hides secrets and private values in the reasons and labels of
// planned runs: a rule may count by the address of an invitee.
func (e *Engine) hideWords(set *rules.Set, ev *event.Event, runs []event.PlannedRun) {
	var gate *privacy.Gate
	hide := func(words *string) {
		if *words == "" {
			return
		}
		if gate == nil {
			gate = set.Gate().And(privacy.GateForEvent(e.opts.Private, ev))
		}
		*words = gate.Text(*words)
	}
	for i := range runs {
		hide(&runs[i].Reason)
		for w := range runs[i].Windows {
			hide(&runs[i].Windows[w].Label)
		}
	}
}
