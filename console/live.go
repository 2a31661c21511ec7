package console

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
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
	// livePatience bounds how long a browser may take to read.
	livePatience = 10 * time.Second
)

// stream is an open answer of server-sent events.
type stream struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

func (c *Console) openStream(w http.ResponseWriter) *stream {
	s := &stream{w: w, rc: http.NewResponseController(w)}
	// The server's limits are for short requests. A test's recorder has none.
	_ = s.rc.SetReadDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	return s
}

// send writes one message. Data may have several lines; an empty name sends a
// sign of life that pages do not see.
func (s *stream) send(name, data string) error {
	var b bytes.Buffer
	if name == "" {
		b.WriteString(": still here\n\n")
	} else {
		fmt.Fprintf(&b, "event: %s\n", name)
		for line := range strings.SplitSeq(strings.TrimSpace(data), "\n") {
			fmt.Fprintf(&b, "data: %s\n", strings.TrimRight(line, "\r"))
		}
		b.WriteString("\n")
	}
	_ = s.rc.SetWriteDeadline(time.Now().Add(livePatience))
	if _, err := s.w.Write(b.Bytes()); err != nil {
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

// follow answers with what tell has to say at every tick, until the reader
// goes or Gavel stops.
func (c *Console) follow(w http.ResponseWriter, r *http.Request, every time.Duration, tell func(*stream, *view) error) {
	v, s := c.openView(w)
	if v == nil {
		return
	}
	defer c.Feed.tail.leave(v)
	err := s.send("", "")
	tick, beat := time.NewTicker(every), time.NewTicker(heartbeat)
	defer tick.Stop()
	defer beat.Stop()
	for err == nil {
		select {
		case <-r.Context().Done():
			return
		case <-c.Feed.tail.closed:
			return
		case <-beat.C:
			err = s.send("", "")
		case <-tick.C:
			err = tell(s, v)
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
	c.follow(w, r, liveTick, func(s *stream, v *view) error { return c.sendRows(s, v, &q) })
}

// sendRows sends the newest of what has come since the last time, and how many
// more there were.
func (c *Console) sendRows(s *stream, v *view, q *eventQuery) error {
	rows := v.take(q)
	missed := v.takeMissed()
	if over := len(rows) - liveMost; over > 0 {
		missed += over
		rows = rows[over:]
	}
	if missed > 0 {
		if err := s.send("missed", fmt.Sprint(missed)); err != nil {
			return err
		}
	}
	if len(rows) == 0 {
		return nil
	}
	html, err := c.pages.fragment("events", "event-rows", newestFirst(rows))
	if err != nil {
		return err
	}
	return s.send("rows", html)
}

func newestFirst(rows []*event.Record) []eventRow {
	out := make([]eventRow, 0, len(rows))
	for i := len(rows) - 1; i >= 0; i-- {
		out = append(out, rowOf(rows[i]))
	}
	return out
}

// liveChanges tells a page that numbers have changed, so that it fetches
// itself again.
func (c *Console) liveChanges(w http.ResponseWriter, r *http.Request) {
	c.follow(w, r, changeTick, func(s *stream, v *view) error {
		select {
		case <-v.pulse:
			return s.send("changed", "now")
		default:
			return nil
		}
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
		for _, rec := range v.take(&q) {
			text, err := encoded(api.EventOf(rec))
			if err != nil {
				return err
			}
			if err := s.send("event", string(text)); err != nil {
				return err
			}
		}
		if n := v.takeMissed(); n > 0 {
			return s.send("missed", strconv.Itoa(n))
		}
		return nil
	})
}

// take returns the events that have come since the last time and that q asks
// for, oldest first.
func (v *view) take(q *eventQuery) []*event.Record {
	var records []*event.Record
	for range len(v.events) {
		if rec := <-v.events; q.selects(rec) {
			records = append(records, rec)
		}
	}
	return records
}
