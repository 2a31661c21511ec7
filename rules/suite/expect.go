package suite

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
)

var (
	expectKeys  = []string{"runs", "sent", "not_sent", "not_matched", "waiting", "moved", "dropped", "remembered"}
	messageKeys = []string{"rule", "action", "kind", "is", "like", "contains", "lacks"}
	failKeys    = []string{"fail", "message", "retry_after"}
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func (l *suiteLoader) expect(n *yaml.Node) *Expect {
	x := &Expect{Pos: l.at(n)}
	keys := l.keysOf(n, expectKeys)
	if len(keys) == 0 && !l.misspelt[n] {
		l.Fail(n, "expect is empty", "use one of: "+strings.Join(expectKeys, ", "))
	}
	for _, name := range []string{"not_sent", "not_matched", "waiting", "moved", "dropped", "remembered"} {
		if e, ok := keys[name]; ok && len(e.Value.Content) == 0 && e.Value.Kind != yaml.ScalarNode {
			l.Fail(e.Value, name+" is empty", "fill it in or remove it")
		}
	}
	if e, ok := keys["runs"]; ok && l.isMapping(e) {
		x.Runs = map[string]ExpectedRuns{}
		for _, r := range l.Entries(e.Value) {
			x.Runs[r.Name] = ExpectedRuns{Pos: l.at(r.Key), Statuses: l.statuses(r)}
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
	if e, ok := keys["remembered"]; ok {
		x.Remembered = l.memory(e)
	}
	return x
}

// memory reads what is remembered.
func (l *suiteLoader) memory(e text.Entry) *Memory {
	if !l.isMapping(e) {
		return nil
	}
	values, _ := l.jsonValue(e.Value).(map[string]any)
	return &Memory{Pos: l.at(e.Key), Values: values}
}

// items returns the items of a list. A single value is a list of one.
func items(n *yaml.Node) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		return []*yaml.Node{n}
	}
	out := make([]*yaml.Node, len(n.Content))
	for i, item := range n.Content {
		out[i] = text.Resolve(item)
	}
	return out
}

func (l *suiteLoader) statuses(e text.Entry) []event.Status {
	var out []event.Status
	var known []string
	for _, s := range event.Statuses() {
		known = append(known, string(s))
	}
	for _, n := range items(e.Value) {
		if n.Kind != yaml.ScalarNode || !slices.Contains(known, n.Value) {
			l.Fail(n, "must be the state of a run, not "+text.Article(n), text.Suggest(n.Value, known))
		}
		out = append(out, event.Status(n.Value))
	}
	return out
}

func (l *suiteLoader) names(e text.Entry) []Name {
	out := []Name{}
	for _, n := range items(e.Value) {
		if n.Kind != yaml.ScalarNode {
			l.Fail(n, "must be a name, not "+text.Article(n), "")
			continue
		}
		out = append(out, Name{Pos: l.at(n), Name: n.Value})
	}
	return out
}

// texts reads a list of text values.
func (l *suiteLoader) texts(e text.Entry) []string {
	var out []string
	for _, n := range l.names(e) {
		out = append(out, n.Name)
	}
	return out
}

func (l *suiteLoader) moments(e text.Entry) []ExpectedMoment {
	out := []ExpectedMoment{}
	if !l.isMapping(e) {
		return out
	}
	for _, x := range l.Entries(e.Value) {
		m := ExpectedMoment{Name: Name{Pos: l.at(x.Key), Name: x.Name}}
		if at, err := time.Parse(time.RFC3339, x.Value.Value); err == nil {
			m.At = at
		} else if d, err := units.ParseDuration(x.Value.Value); err == nil {
			m.In = time.Duration(d)
		} else {
			l.Fail(x.Value, "must be a time or a duration, not "+text.Article(x.Value), "write 2026-03-02T09:00:00Z, or 3h for three hours from then")
		}
		out = append(out, m)
	}
	return out
}

func (l *suiteLoader) messages(e text.Entry) []*Message {
	out := []*Message{}
	for _, n := range items(e.Value) {
		if n.Kind != yaml.MappingNode {
			l.Fail(n, "must be a mapping that describes a message, not "+text.Article(n), "use one of: rule, action, kind, is, like, contains, lacks")
			continue
		}
		keys := l.keysOf(n, messageKeys)
		m := &Message{Pos: l.at(n)}
		for name, into := range map[string]*string{"rule": &m.Rule, "action": &m.Action, "kind": &m.Kind} {
			if k, ok := keys[name]; ok {
				*into = l.word(k.Value)
			}
		}
		for name, into := range map[string]*any{"is": &m.Is, "like": &m.Like} {
			if k, ok := keys[name]; ok {
				*into = l.jsonValue(k.Value)
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

// mustDescribe reports a description that matches every message or none.
func (l *suiteLoader) mustDescribe(n *yaml.Node, m *Message, keys map[string]text.Entry) {
	for _, name := range []string{"contains", "lacks"} {
		e, ok := keys[name]
		if ok && (e.Value.Kind == yaml.SequenceNode && len(e.Value.Content) == 0 || slices.Contains(l.texts(e), "")) {
			l.Fail(e.Value, name+" is empty", "write the text to look for")
		}
	}
	empty, isMapping := m.Like.(map[string]any)
	if e, ok := keys["like"]; ok && isMapping && len(empty) == 0 {
		l.Fail(e.Value, "like is empty", "write the part of the message to compare, such as { channel: \"#sales\" }")
	}
	if len(keys) == 0 && !l.misspelt[n] {
		l.Fail(n, "this matches every message", "add at least one of: "+strings.Join(messageKeys, ", "))
	}
}

// replies reads the answers of destinations.
func (l *suiteLoader) replies(e text.Entry) []*Reply {
	if !l.isMapping(e) {
		return nil
	}
	var out []*Reply
	for _, x := range l.Entries(e.Value) {
		r := &Reply{Pos: l.at(x.Key), Action: x.Name}
		for _, n := range items(x.Value) {
			r.Answers = append(r.Answers, l.answer(n))
		}
		out = append(out, r)
	}
	return out
}

func (l *suiteLoader) answer(n *yaml.Node) Answer {
	a := Answer{Pos: l.at(n)}
	if n.Kind != yaml.MappingNode {
		l.Fail(n, "a reply must be a mapping, not "+text.Article(n), "write what the action returns, such as { body: … }, or { fail: server }")
		return a
	}
	fails := false
	for _, e := range l.QuietEntries(n) {
		fails = fails || e.Name == "fail"
	}
	if !fails {
		raw, err := json.Marshal(l.Plain(n))
		if err != nil {
			l.Fail(n, err.Error(), "")
		}
		a.Result = raw
		return a
	}
	keys := l.keysOf(n, failKeys)
	if e, ok := keys["fail"]; ok {
		a.Fail = event.Cause(e.Value.Value)
		if !slices.Contains(causes(), e.Value.Value) {
			l.Fail(e.Value, text.Quote(e.Value.Value)+" is not a cause of failure", text.Suggest(e.Value.Value, causes()))
		}
	}
	if e, ok := keys["message"]; ok {
		a.Message = l.word(e.Value)
	}
	if e, ok := keys["retry_after"]; ok {
		a.RetryAfter = l.span(e.Value)
	}
	return a
}

func causes() []string {
	return []string{
		string(event.CauseAuth), string(event.CauseRateLimited), string(event.CauseClient), string(event.CauseServer),
		string(event.CauseTimeout), string(event.CauseNetwork), string(event.CauseRefused),
	}
}

// jsonValue converts a value to JSON and back.
func (l *suiteLoader) jsonValue(n *yaml.Node) any {
	raw, err := json.Marshal(l.Plain(n))
	if err != nil {
		l.Fail(n, err.Error(), "")
		return nil
	}
	out, err := event.ReadJSON(raw)
	if err != nil {
		return nil
	}
	return out
}

// asText converts a value for sample.Set: a scalar as written, all else as JSON.
func (l *suiteLoader) asText(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return n.Value
	}
	raw, err := json.Marshal(l.Plain(n))
	if err != nil {
		l.Fail(n, err.Error(), "")
	}
	return string(raw)
}

func (l *suiteLoader) count(n *yaml.Node) int {
	i, err := strconv.Atoi(n.Value)
	if err != nil || i < 1 || i > 10_000 {
		l.Fail(n, "must be a whole number from 1 to 10000, not "+text.Article(n), "")
		return 1
	}
	return i
}
