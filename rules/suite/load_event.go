package suite

import (
	"encoding/json"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/internal/spelling"
	"github.com/gavel-rules/gavel/rules/text"
)

// event reads the keys of an event.
func (l *suiteLoader) event(n *yaml.Node, keys map[string]text.Entry) *CaseEvent {
	ev := &CaseEvent{Pos: l.at(n), Times: 1}
	sources := 0
	for _, k := range []string{"event", "from", "body", "file"} {
		if _, ok := keys[k]; ok {
			sources++
		}
	}
	if sources != 1 {
		l.Fail(n, "an event needs exactly one of event, from, body and file", "give the type of a sample with event:")
		return ev
	}
	l.eventSource(ev, keys)
	if e, ok := keys["set"]; ok && l.isMapping(e) {
		for _, x := range l.Entries(e.Value) {
			ev.Set = append(ev.Set, Assignment{Pos: l.at(x.Key), Path: x.Name, Value: l.asText(x.Value)})
		}
	}
	for name, into := range map[string]*string{"id": &ev.ID, "meeting": &ev.Meeting} {
		if e, ok := keys[name]; ok {
			*into = l.word(e.Value)
		}
	}
	if e, ok := keys["times"]; ok {
		ev.Times = l.count(e.Value)
	}
	if e, ok := keys["every"]; ok {
		ev.Every = l.span(e.Value)
	}
	return ev
}

func (l *suiteLoader) eventSource(ev *CaseEvent, keys map[string]text.Entry) {
	if e, ok := keys["event"]; ok {
		ev.Type = l.word(e.Value)
		known := slices.Concat(event.Types(), own.Types(), []string{own.TypeScheduleDue, own.TypeAbsence})
		if !slices.Contains(known, ev.Type) {
			if best, near := spelling.Nearest(ev.Type, known); near {
				l.Warn(e.Value, "no documented event type is "+text.Quote(ev.Type), "did you mean "+text.Quote(best)+"?")
			}
		}
	}
	if e, ok := keys["from"]; ok {
		base, known := l.bases[l.word(e.Value)]
		if !known {
			l.Fail(e.Value, "there is no event "+text.Quote(e.Value.Value)+" under events", text.Suggest(e.Value.Value, sortedKeys(l.bases)))
			return
		}
		pos := ev.Pos
		*ev = *base
		ev.Pos, ev.Set = pos, slices.Clone(base.Set)
	}
	if e, ok := keys["file"]; ok {
		ev.File, ev.FilePos = l.word(e.Value), l.at(e.Value)
	}
	if e, ok := keys["body"]; ok && l.isMapping(e) {
		raw, err := json.Marshal(l.Plain(e.Value))
		if err != nil {
			l.Fail(e.Value, err.Error(), "")
		}
		ev.Body = raw
	}
}
