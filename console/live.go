package console

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/api"
)

const (
	// liveTick is how often a live view is told what came, liveMost how many
	// events it is told of at once: a page can show no more.
	liveTick = 250 * time.Millisecond
	liveMost = 20
	// changeTick is the shortest time between two tellings that numbers have
	// changed.
	changeTick = 2 * time.Second
	heartbeat  = 15 * time.Second
	// livePatience bounds how long a browser may take to read, lastPatience how
	// long when Gavel stops.
	livePatience = 10 * time.Second
	lastPatience = time.Second
)

// stream is an open answer of server-sent events. Messages are gathered until
// they are flushed.
type stream struct {
	w        http.ResponseWriter
	rc       *http.ResponseController
	out      bytes.Buffer
	patience time.Duration // to read what is flushed
}

func (c *Console) openStream(w http.ResponseWriter) *stream {
	s := &stream{w: w, rc: http.NewResponseController(w), patience: c.LivePatience}
	// The server's limits are for short requests. A test's recorder has none.
	_ = s.rc.SetReadDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	return s
}

// lineEnds are the line ends of a stream of events. A lone \r is one as well, so
// that a name with one in it could begin a message of its own.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// add gathers one message. Data may have several lines.
func (s *stream) add(name, data string) {
	fmt.Fprintf(&s.out, "event: %s\n", name)
	for line := range strings.SplitSeq(lineEnds.Replace(strings.TrimSpace(data)), "\n") {
		fmt.Fprintf(&s.out, "data: %s\n", line)
	}
	s.out.WriteString("\n")
}

// live gathers a sign of life that pages do not see.
func (s *stream) live() { s.out.WriteString(": still here\n\n") }

// flush sends what was gathered, all at once; nothing sends nothing.
func (s *stream) flush() error {
	if s.out.Len() == 0 {
		return nil
	}
	_ = s.rc.SetWriteDeadline(time.Now().Add(s.patience))
	if _, err := s.out.WriteTo(s.w); err != nil {
		return err
	}
	return s.rc.Flush()
}

// openView begins a live answer; it has answered already when it returns nil.
func (c *Console) openView(w http.ResponseWriter) (*view, *stream) {
	v := c.Feed.tail.open()
	if v == nil {
		w.Header().Set("Retry-After", "30")
		problem(w, http.StatusServiceUnavailable, "too many live views are open; close some")
		return nil, nil
	}
	return v, c.openStream(w)
}

// follow answers with what tell gathers at every tick, until the reader goes or
// Gavel stops; then what is left is told.
func (c *Console) follow(w http.ResponseWriter, r *http.Request, every time.Duration, tell func(*stream, *view) error) {
	v, s := c.openView(w)
	if v == nil {
		return
	}
	defer c.Feed.tail.leave()
	tick, beat := time.NewTicker(every), time.NewTicker(heartbeat)
	defer tick.Stop()
	defer beat.Stop()
	s.live()
	for s.flush() == nil {
		var err error
		select {
		case <-r.Context().Done():
			return
		case <-c.Feed.tail.closed:
			s.patience = min(s.patience, lastPatience)
			if tell(s, v) == nil {
				_ = s.flush()
			}
			return
		case <-beat.C:
			s.live()
		case <-tick.C:
			err = tell(s, v)
		}
		if err != nil {
			c.Logger.Error("a live view cannot be shown", "path", r.URL.Path, "error", err)
			return
		}
	}
}

// liveEvents sends the rows of events as they come, as HTML of the list.
func (c *Console) liveEvents(w http.ResponseWriter, r *http.Request) {
	q, err := parseEventQuery(r.URL.Query(), c.Now())
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	c.follow(w, r, liveTick, func(s *stream, v *view) error { return c.addRows(s, v, &q) })
}

// addRows gathers the newest of what has come since the last time, and how
// many more there were.
func (c *Console) addRows(s *stream, v *view, q *eventQuery) error {
	events, missed := v.take()
	events = q.those(events)
	if over := len(events) - liveMost; over > 0 {
		missed += over
		events = events[over:]
	}
	if missed > 0 {
		s.add("missed", strconv.Itoa(missed))
	}
	if len(events) == 0 {
		return nil
	}
	var rows strings.Builder
	for _, e := range slices.Backward(events) {
		html, err := e.row.get(func() (string, error) {
			return c.pages.fragment("events", "event-rows", []eventRow{rowOf(e.Record)})
		})
		if err != nil {
			return err
		}
		rows.WriteString(html)
	}
	s.add("rows", rows.String())
	return nil
}

// liveChanges tells a page that numbers have changed, so that it fetches
// itself again.
func (c *Console) liveChanges(w http.ResponseWriter, r *http.Request) {
	c.follow(w, r, changeTick, func(s *stream, v *view) error {
		if v.changed() {
			s.add("changed", "now")
		}
		return nil
	})
}

// apiLiveEvents sends events as they come, as JSON.
func (c *Console) apiLiveEvents(w http.ResponseWriter, r *http.Request) {
	q, err := parseEventQuery(r.URL.Query(), c.Now())
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	c.follow(w, r, liveTick, func(s *stream, v *view) error {
		events, missed := v.take()
		if missed > 0 {
			s.add("missed", strconv.Itoa(missed))
		}
		for _, e := range q.those(events) {
			text, err := e.text.get(func() (string, error) {
				text, err := encoded(api.EventOf(e.Record))
				return string(text), err
			})
			if err != nil {
				return err
			}
			s.add("event", text)
		}
		return nil
	})
}

// those returns those of the events that q asks for.
func (q *eventQuery) those(events []*liveEvent) []*liveEvent {
	return slices.DeleteFunc(events, func(e *liveEvent) bool { return !q.selects(e.Record) })
}
