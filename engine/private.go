package engine

import (
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// shortestPrivate is the length below which a value is too common to be looked
// for in other text.
const shortestPrivate = 3

// private keeps the values of some fields out of what is written down about a
// run.
type private struct {
	fields event.Private
	// redact takes the values out of texts that others wrote, such as replies.
	redact *rules.Redactor
}

// newPrivate finds the private values of a run: those of its event, and of the
// other states of its meeting that its actions see.
func newPrivate(fields event.Private, ev *event.Event, meetings ...*event.Meeting) *private {
	if len(fields) == 0 {
		return nil
	}
	bodies := [][]byte{ev.Body}
	for _, m := range meetings {
		if m != nil {
			bodies = append(bodies, bodyOf(m))
		}
	}
	var values []string
	for _, body := range bodies {
		_, more, _ := fields.Hide(body) // what is no JSON has no fields
		values = append(values, more...)
	}
	return &private{fields: fields, redact: rules.NewRedactorFrom(values, shortestPrivate)}
}

// event returns the event without its private values.
func (p *private) event(ev *event.Event) (*event.Event, error) {
	body, _, err := p.fields.Hide(ev.Body)
	if err != nil {
		return nil, err
	}
	return event.Decode(body)
}

// meeting returns a meeting without its private values.
func (p *private) meeting(m *event.Meeting) (*event.Meeting, error) {
	if m == nil {
		return nil, nil
	}
	body, _, err := p.fields.Hide(bodyOf(m))
	if err != nil {
		return nil, err
	}
	ev, err := event.Decode(body)
	if err != nil {
		return nil, err
	}
	return ev.Meeting, nil
}

// bodyOf writes a meeting as an event has it.
func bodyOf(m *event.Meeting) []byte {
	return marshal(map[string]any{
		"eventId": "hidden", "eventType": event.TypeScheduled, "eventTimestamp": time.Unix(0, 0).UTC(), "data": m,
	})
}

// shown is the effect that people may see: with private fields, the same
// action prepared for the same event without their values. Taking the values
// out of the finished request would miss what the escaping for its destination
// has changed.
func (j *job) shown(s *rules.Step, effect rules.Effect) any {
	if j.private == nil {
		return effect
	}
	hidden, err := j.withoutPrivate()
	if err != nil {
		return map[string]string{"hidden": "the request holds fields that are left out of the history"}
	}
	prepared, err := s.Action.Prepare(hidden.scope())
	if err != nil {
		return map[string]string{"hidden": "the request cannot be shown without the fields that are left out of the history"}
	}
	return prepared
}

// withoutPrivate is the same job for an event without its private values.
func (j *job) withoutPrivate() (*job, error) {
	other := *j
	var err error
	if other.ev, err = j.private.event(j.ev); err != nil {
		return nil, err
	}
	if other.newest, err = j.private.meeting(j.newest); err != nil {
		return nil, err
	}
	if other.previous, err = j.private.meeting(j.previous); err != nil {
		return nil, err
	}
	if j.window == nil {
		return &other, nil
	}
	window := *j.window
	window.Events = make([]event.Gathered, len(j.window.Events))
	for i, g := range j.window.Events {
		if g.Meeting, err = j.private.meeting(g.Meeting); err != nil {
			return nil, err
		}
		window.Events[i] = g
	}
	other.window = &window
	return &other, nil
}

// words takes secrets and private values out of a text for the history.
func (j *job) words(text string) string {
	text = j.set.Redact(text)
	if j.private != nil {
		text = j.private.redact.Redact(text)
	}
	return text
}
