package desk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/store/seal"
)

// erasedReason replaces the texts of the history.
const erasedReason = "erased on request"

// erasePage is how many events are read at a time.
const erasePage = 200

// Erase erases a person from the database: every event that contains the
// address keeps only its envelope and the meeting's identity, and its runs
// lose what was sent and received. Runs that have not ended are canceled. The
// rows stay, so that a repeated delivery is still recognized. With dry nothing
// is changed.
func Erase(ctx context.Context, s store.Store, address string, now time.Time, dry bool) (api.Erasure, error) {
	e := api.Erasure{Events: []string{}, Erased: !dry}
	address = strings.ToLower(strings.TrimSpace(address))
	if at := strings.IndexByte(address, '@'); at < 1 || at == len(address)-1 {
		return e, fmt.Errorf("%w address %q: give one email address", event.ErrInvalid, address)
	}
	f := event.EventFilter{OldestFirst: true, Limit: erasePage, Bytes: event.PageBytes}
	var unread []string
	for {
		page, err := s.Events(ctx, f)
		if err != nil {
			return e, err
		}
		for _, r := range page {
			if r.Damage != "" && seal.Sealed(r.Event.Body) {
				unread = append(unread, fmt.Sprintf("event %q: %s", r.Event.ID, r.Damage))
			}
			if !mentions(r.Event.Body, address) && (r.Damage == "" || !holds(strings.ToLower(string(r.Event.Body)), address)) {
				continue
			}
			if err := eraseEvent(ctx, s, r, now, &e); err != nil {
				return e, err
			}
		}
		if f.Ended(page) && len(unread) > 0 {
			return e, fmt.Errorf("all other events are done, but %d could not be read: %s", len(unread), unread[0])
		}
		if f.Ended(page) {
			return e, nil
		}
		f.After = page[len(page)-1].Seq
	}
}

// eraseEvent counts one event, and erases it unless e says otherwise.
func eraseEvent(ctx context.Context, s store.Store, r *event.Record, now time.Time, e *api.Erasure) error {
	runs, err := s.Runs(ctx, event.RunFilter{EventID: r.Event.Ref(), Limit: 10_000})
	if err != nil {
		return err
	}
	e.Events = append(e.Events, r.Event.ID)
	e.Runs += len(runs)
	for _, run := range runs {
		if run.Status.Done() {
			continue
		}
		e.Canceled++
		if run.Status == event.StatusRunning {
			e.Busy++
		}
		if !e.Erased {
			continue
		}
		if err := s.CancelRun(ctx, run.ID, now, erasedReason); err != nil && !errors.Is(err, event.ErrConflict) {
			return err
		}
	}
	if !e.Erased {
		return nil
	}
	body, err := erasedBody(r.Event)
	if err != nil {
		return err
	}
	return s.Erase(ctx, r.Event.Ref(), body, erasedReason)
}

// erasedBody is an event that contains only its envelope and the meeting's id.
func erasedBody(ev *event.Event) ([]byte, error) {
	data := map[string]any{}
	if ev.Meeting.ID != "" {
		data["id"] = ev.Meeting.ID
	}
	body, err := json.Marshal(struct {
		event.Envelope
		Data any `json:"data"`
	}{ev.Envelope, data})
	if err != nil {
		return nil, fmt.Errorf("erase event %q: %w", ev.ID, err)
	}
	return body, nil
}

// mentions reports whether any text of a body contains an address, in any case
// and JSON escaping.
func mentions(body []byte, address string) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		if text, ok := token.(string); ok && holds(strings.ToLower(text), address) {
			return true
		}
	}
}

// holds reports whether the text contains the address as a whole:
// jane@x.example is not in mary-jane@x.example.
func holds(text, address string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], address)
		if i < 0 {
			return false
		}
		start := from + i
		end := start + len(address)
		if !inAddress(text[:start], true) && !inAddress(text[end:], false) {
			return true
		}
		from = start + 1
	}
}

// inAddress reports whether the character next to an address belongs to it. A
// full stop after it may end a sentence.
func inAddress(s string, last bool) bool {
	if s == "" {
		return false
	}
	letter := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= 0x80 }
	if last {
		c := s[len(s)-1]
		return letter(c) || strings.IndexByte(".!#$%&*+-/=?^_{|}~", c) >= 0
	}
	return letter(s[0]) || s[0] == '-' || s[0] == '.' && len(s) > 1 && letter(s[1])
}
