package rules

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/event"
)

var (
	expectKeys  = []string{"runs", "sent", "not_sent", "not_matched", "waiting", "moved", "dropped"}
	messageKeys = []string{"rule", "action", "kind", "is", "like", "contains", "lacks"}
	failKeys    = []string{"fail", "message", "retry_after"}
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func (l *suiteLoader) expect(n *yaml.Node) *Expect {
	x := &Expect{Pos: l.at(n)}
	keys := l.keysOf(n, expectKeys)
	if len(keys) == 0 && !l.misspelt[n] {
		l.fail(n, "expect says nothing", "known here: "+strings.Join(expectKeys, ", "))
	}
	for _, name := range []string{"not_sent", "not_matched", "waiting", "moved", "dropped"} {
		if e, ok := keys[name]; ok && len(e.value.Content) == 0 && e.value.Kind != yaml.ScalarNode {
			l.fail(e.value, name+" is empty, so it says nothing", "name what it is about, or remove it")
		}
	}
	if e, ok := keys["runs"]; ok && l.isMapping(e) {
		x.Runs = map[string]ExpectedRuns{}
		for _, r := range l.entries(e.value) {
			x.Runs[r.name] = ExpectedRuns{Pos: l.at(r.key), Statuses: l.statuses(r)}
		}
	}
	if e, ok := keys["sent"]; ok {
		x.Sent = l.messages(e)
	}
	if e, ok := keys["not_sent"]; ok {
		x.NotSent = l.messages(e)
	}
	if e, ok := keys["not_matched"]; ok {
		x.NotMatched = l.names(e)
	}
	if e, ok := keys["waiting"]; ok {
		x.Waiting = l.moments(e)
	}
	if e, ok := keys["moved"]; ok {
		x.Moved = l.moments(e)
	}
	if e, ok := keys["dropped"]; ok {
		x.Dropped = l.names(e)
	}
	return x
}

// items are the values of a list; one value alone is a list of one.
func items(n *yaml.Node) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		return []*yaml.Node{n}
	}
	out := make([]*yaml.Node, len(n.Content))
	for i, item := range n.Content {
		out[i] = resolve(item)
	}
	return out
}

func (l *suiteLoader) statuses(e entry) []event.Status {
	var out []event.Status
	var known []string
	for _, s := range event.Statuses() {
		known = append(known, string(s))
	}
	for _, n := range items(e.value) {
		if n.Kind != yaml.ScalarNode || !slices.Contains(known, n.Value) {
			l.fail(n, "must be the state of a run, not "+article(n), suggest(n.Value, known))
		}
		out = append(out, event.Status(n.Value))
	}
	return out
}

func (l *suiteLoader) names(e entry) []Name {
	out := []Name{}
	for _, n := range items(e.value) {
		if n.Kind != yaml.ScalarNode {
			l.fail(n, "must be a name, not "+article(n), "")
			continue
		}
		out = append(out, Name{Pos: l.at(n), Name: n.Value})
	}
	return out
}

// texts reads a list of texts.
func (l *suiteLoader) texts(e entry) []string {
	var out []string
	for _, n := range l.names(e) {
		out = append(out, n.Name)
	}
	return out
}

func (l *suiteLoader) moments(e entry) []ExpectedMoment {
	out := []ExpectedMoment{}
	if !l.isMapping(e) {
		return out
	}
	for _, x := range l.entries(e.value) {
		m := ExpectedMoment{Name: Name{Pos: l.at(x.key), Name: x.name}}
		if at, err := time.Parse(time.RFC3339, x.value.Value); err == nil {
			m.At = at
		} else if d, err := ParseDuration(x.value.Value); err == nil {
			m.In = time.Duration(d)
		} else {
			l.fail(x.value, "must be a moment or a length of time, not "+article(x.value), "write 2026-03-02T09:00:00Z, or 3h for three hours from then")
		}
		out = append(out, m)
	}
	return out
}

func (l *suiteLoader) messages(e entry) []*Message {
	out := []*Message{}
	for _, n := range items(e.value) {
		if n.Kind != yaml.MappingNode {
			l.fail(n, "must be a mapping that describes a message, not "+article(n), "known here: rule, action, kind, is, like, contains, lacks")
			continue
		}
		keys := l.keysOf(n, messageKeys)
		m := &Message{Pos: l.at(n)}
		for name, into := range map[string]*string{"rule": &m.Rule, "action": &m.Action, "kind": &m.Kind} {
			if k, ok := keys[name]; ok {
				*into = k.value.Value
			}
		}
		for name, into := range map[string]*any{"is": &m.Is, "like": &m.Like} {
			if k, ok := keys[name]; ok {
				*into = l.jsonValue(k.value)
			}
		}
		for name, into := range map[string]*[]string{"contains": &m.Contains, "lacks": &m.Lacks} {
			if k, ok := keys[name]; ok {
				*into = l.texts(k)
			}
		}
		l.mustDescribe(n, m, keys)
		out = append(out, m)
	}
	return out
}

// mustDescribe refuses a description that fits every message, or none.
func (l *suiteLoader) mustDescribe(n *yaml.Node, m *Message, keys map[string]entry) {
	for _, name := range []string{"contains", "lacks"} {
		e, ok := keys[name]
		if ok && (e.value.Kind == yaml.SequenceNode && len(e.value.Content) == 0 || slices.Contains(l.texts(e), "")) {
			l.fail(e.value, name+" is empty, so it says nothing", "write the text that is looked for")
		}
	}
	empty, isMapping := m.Like.(map[string]any)
	if e, ok := keys["like"]; ok && isMapping && len(empty) == 0 {
		l.fail(e.value, "like is empty, so it says nothing", "write the part of the message that counts, such as { channel: \"#sales\" }")
	}
	if len(keys) == 0 && !l.misspelt[n] {
		l.fail(n, "this describes any message", "say which, with "+strings.Join(messageKeys, ", "))
	}
}

// replies reads what destinations answer.
func (l *suiteLoader) replies(e entry) []*Reply {
	if !l.isMapping(e) {
		return nil
	}
	var out []*Reply
	for _, x := range l.entries(e.value) {
		r := &Reply{Pos: l.at(x.key), Action: x.name}
		for _, n := range items(x.value) {
			r.Answers = append(r.Answers, l.answer(n))
		}
		out = append(out, r)
	}
	return out
}

func (l *suiteLoader) answer(n *yaml.Node) Answer {
	a := Answer{Pos: l.at(n)}
	if n.Kind != yaml.MappingNode {
		l.fail(n, "a reply must be a mapping, not "+article(n), "write what the action returns, such as { body: … }, or { fail: server }")
		return a
	}
	fails := false
	for _, e := range l.quietEntries(n) {
		fails = fails || e.name == "fail"
	}
	if !fails {
		raw, err := json.Marshal(l.plain(n))
		if err != nil {
			l.fail(n, err.Error(), "")
		}
		a.Result = raw
		return a
	}
	keys := l.keysOf(n, failKeys)
	if e, ok := keys["fail"]; ok {
		a.Fail = event.Cause(e.value.Value)
		if !slices.Contains(causes(), e.value.Value) {
			l.fail(e.value, quote(e.value.Value)+" is no cause of a failure", suggest(e.value.Value, causes()))
		}
	}
	if e, ok := keys["message"]; ok {
		a.Message = e.value.Value
	}
	if e, ok := keys["retry_after"]; ok {
		a.RetryAfter = l.span(e.value)
	}
	return a
}

func causes() []string {
	return []string{
		string(event.CauseAuth), string(event.CauseRateLimited), string(event.CauseClient), string(event.CauseServer),
		string(event.CauseTimeout), string(event.CauseNetwork), string(event.CauseRefused),
	}
}

// jsonValue is a value as JSON would give it back.
func (l *suiteLoader) jsonValue(n *yaml.Node) any {
	raw, err := json.Marshal(l.plain(n))
	if err != nil {
		l.fail(n, err.Error(), "")
		return nil
	}
	out, err := event.ReadJSON(raw)
	if err != nil {
		return nil
	}
	return out
}

// asText writes a value as sample.Set takes it: text as it is, all else as JSON.
func (l *suiteLoader) asText(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return n.Value
	}
	raw, err := json.Marshal(l.plain(n))
	if err != nil {
		l.fail(n, err.Error(), "")
	}
	return string(raw)
}

func (l *suiteLoader) count(n *yaml.Node) int {
	i, err := strconv.Atoi(n.Value)
	if err != nil || i < 1 || i > 10_000 {
		l.fail(n, "must be a whole number from 1 to 10000, not "+article(n), "")
		return 1
	}
	return i
}
