package rehearse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/rules/suite"
)

// event creates the next event of the test.
func (p *play) event(e *suite.CaseEvent) (*event.Event, error) {
	p.events++
	id := e.ID
	if id == "" || e.Times > 1 {
		id = fmt.Sprintf("event-%d", p.events)
	}
	body, err := p.body(e, id)
	if err != nil {
		return nil, err
	}
	for _, a := range e.Set {
		if body, err = sample.Set(body, a.Path, a.Value); err != nil {
			p.findings = append(p.findings, p.suite.Finding(a.Pos, err.Error(), ""))
			return nil, errors.New("the event could not be created")
		}
	}
	ev, err := decode.Event(body)
	if err != nil {
		return nil, fmt.Errorf("the event cannot be read: %w", err)
	}
	ev.Arrive(p.stage.Now())
	return ev, nil
}

func (p *play) body(e *suite.CaseEvent, id string) ([]byte, error) {
	switch {
	case e.File != "":
		if p.opts.Read == nil {
			return nil, fmt.Errorf("file %q cannot be read here", e.File)
		}
		raw, err := p.opts.Read(e.File)
		if err != nil {
			return nil, fmt.Errorf("read the event: %w", err)
		}
		return raw, nil
	case e.Body != nil:
		return completed(e.Body, id, p.stage.Now())
	}
	body, err := sample.Body(e.Type, id, p.stage.Now())
	if err != nil {
		return nil, err
	}
	meeting := e.Meeting
	switch {
	case meeting == "" && e.Times > 1:
		meeting = "meeting of " + id
	case meeting == "":
		meeting = "meeting-1"
	}
	if with, err := sample.Set(body, "meeting.id", meeting); err == nil {
		return with, nil
	}
	return body, nil // an event without a meeting
}

// completed adds the required fields that a test may omit.
func completed(body []byte, id string, now time.Time) ([]byte, error) {
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	for name, value := range map[string]any{"eventId": id, "eventTimestamp": now.UTC().Format(time.RFC3339Nano)} {
		if _, ok := fields[name]; !ok {
			fields[name] = value
		}
	}
	return json.Marshal(fields)
}
