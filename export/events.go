package export

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
)

// EventSource provides stored events.
type EventSource interface {
	Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error)
}

// Events selects the events to export.
type Events struct {
	// Filter selects them; its order and limit are ignored.
	Filter event.EventFilter
	Owner  string // part of the owner's name or address, case-insensitive
	// Outcome is one of Outcomes; empty means any.
	Outcome string
}

// Outcomes are the valid values of Events.Outcome.
func Outcomes() []string { return []string{"matched", "unmatched", "late", "repeated"} }

// Write exports events, oldest first, and returns the cursor after the last one,
// also with an error. It stops when ctx ends. An invalid cursor is an
// event.ErrInvalid.
func (e Events) Write(ctx context.Context, src EventSource, o Options) (Result, error) {
	columns := eventColumns()
	if o.Format == CSV && !o.NoHeader {
		if err := writeHeader(o.To, columns); err != nil {
			return Result{}, err
		}
	}
	f := e.Filter
	f.OldestFirst, f.Limit, f.Bytes, f.Raw = true, page, pageBytes, true
	if o.Cursor != "" {
		var err error
		if f.After, err = strconv.ParseInt(o.Cursor, 10, 64); err != nil || f.After < 1 {
			return Result{}, fmt.Errorf("%w cursor %q: use the one that an export of events has printed", event.ErrInvalid, o.Cursor)
		}
	}
	x := &stream[*event.Record]{
		opts:   o,
		format: func() format[*event.Record] { return e.format(o.Format, columns) },
		next: func(ctx context.Context, cursor string) ([]*event.Record, bool, error) {
			if cursor != "" {
				f.After, _ = strconv.ParseInt(cursor, 10, 64) // valid: from cursor, below
			}
			list, err := src.Events(ctx, f)
			return list, !f.Ended(list), err
		},
		cursor: func(r *event.Record) string { return strconv.FormatInt(r.Seq, 10) },
		at:     func(r *event.Record) time.Time { return r.Event.Received },
	}
	return x.run(ctx)
}

// format decodes events only where that is needed.
func (e Events) format(name string, columns []column[*event.Record]) format[*event.Record] {
	return func(dst []byte, r *event.Record) ([]byte, bool, error) {
		if name != CSV && e.Owner == "" && e.selects(r) {
			if out, ok := appendRaw(dst, r); ok {
				return out, true, nil
			}
		}
		decode.Stored(r)
		switch {
		case !e.selects(r):
			return dst, false, nil
		case name == CSV:
			return appendRow(dst, columns, r), true, nil
		}
		dst, err := appendJSON(dst, event.LineOf(r))
		return dst, true, err
	}
}

func (e Events) selects(r *event.Record) bool {
	switch {
	case e.Outcome == "matched" && r.Runs == 0, e.Outcome == "unmatched" && r.Runs > 0,
		e.Outcome == "late" && !r.Late, e.Outcome == "repeated" && r.Deliveries < 2:
		return false
	}
	if e.Owner == "" {
		return true
	}
	owner, want := r.Event.Meeting.Owner, strings.ToLower(e.Owner)
	return slices.ContainsFunc([]string{owner.Username, owner.FirstName + " " + owner.LastName}, func(s string) bool {
		return strings.Contains(strings.ToLower(s), want)
	})
}

// eventColumns are documented in docs/analytics.md.
func eventColumns() []column[*event.Record] {
	meeting := func(text func(*event.Meeting) string) func(*event.Record) string {
		return func(r *event.Record) string { return text(r.Event.Meeting) }
	}
	return []column[*event.Record]{
		{"event_id", func(r *event.Record) string { return r.Event.ID }},
		{"event_type", func(r *event.Record) string { return r.Event.Type }},
		{"event_timestamp", func(r *event.Record) string { return timeText(r.Event.Timestamp) }},
		{"received", func(r *event.Record) string { return timeText(r.Event.Received) }},
		{"deliveries", func(r *event.Record) string { return strconv.Itoa(r.Deliveries) }},
		{"late", func(r *event.Record) string { return strconv.FormatBool(r.Late) }},
		{"runs", func(r *event.Record) string { return strconv.Itoa(r.Runs) }},
		{"revision", func(r *event.Record) string { return r.Revision }},
		{"organization_guid", func(r *event.Record) string { return r.Event.OrganizationGUID }},
		{"meeting_id", meeting(func(m *event.Meeting) string { return m.ID })},
		{"meeting_name", meeting(func(m *event.Meeting) string { return m.Info.MeetingName })},
		{"meeting_start", meeting(func(m *event.Meeting) string { return timeText(m.Start) })},
		{"meeting_end", meeting(func(m *event.Meeting) string { return timeText(m.End) })},
		{"meeting_canceled", meeting(func(m *event.Meeting) string { return strconv.FormatBool(m.IsCanceled) })},
		{"location", meeting(func(m *event.Meeting) string { return m.Info.Location })},
		{"owner_id", meeting(func(m *event.Meeting) string { return m.Owner.UserID })},
		{"owner", meeting(func(m *event.Meeting) string { return m.Owner.Username })},
		{"owner_first_name", meeting(func(m *event.Meeting) string { return m.Owner.FirstName })},
		{"owner_last_name", meeting(func(m *event.Meeting) string { return m.Owner.LastName })},
		{"invitee", meeting(func(m *event.Meeting) string { return m.Info.PrimaryInvitee })},
		{"invitee_name", meeting(func(m *event.Meeting) string { return m.Info.PrimaryInviteeName })},
		{"optional_invitees", meeting(func(m *event.Meeting) string { return m.Info.OptionalInvitees })},
		{"calendar_path", meeting(func(m *event.Meeting) string { return m.Info.CalendarPath })},
		{"calendar_url", meeting(func(m *event.Meeting) string { return m.Info.CalendarURL })},
		{"email_meeting_id", meeting(func(m *event.Meeting) string { return m.EmailMeetingID })},
		{"zoom_meeting_id", meeting(func(m *event.Meeting) string { return m.ZoomMeetingID })},
		{"form_values", meeting(func(m *event.Meeting) string { return list(m.Info.FormValues) })},
		{"survey_questions", meeting(func(m *event.Meeting) string { return list(m.Info.SurveyQuestions) })},
		{"data", otherData},
	}
}

// otherData returns the data of an event without a meeting as JSON, because it
// has no columns of its own.
func otherData(r *event.Record) string {
	if r.Event.HasMeeting() {
		return ""
	}
	var w struct {
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(r.Event.Body, &w) != nil {
		return ""
	}
	return string(w.Data)
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// list returns items as JSON; empty if there are none.
func list[T any](items []T) string {
	if len(items) == 0 {
		return ""
	}
	raw, err := json.Marshal(items)
	if err != nil {
		return "" // not reached: items consist of strings and booleans
	}
	return string(raw)
}
