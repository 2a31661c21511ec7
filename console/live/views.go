package live

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/event"
)

const (
	// liveTick is how often a live view gets new events.
	LiveTick  = 250 * time.Millisecond
	heartbeat = 15 * time.Second
	// livePatience bounds how long a browser may take to read, lastPatience
	// how long when Gavel stops.
	livePatience = 10 * time.Second
	lastPatience = time.Second
)

// Stream is an open response of server-sent events. Messages are collected
// until they are flushed.
type Stream struct {
	w        http.ResponseWriter
	rc       *http.ResponseController
	out      bytes.Buffer
	patience time.Duration // for the client to read a message
}

func (v *Views) openStream(w http.ResponseWriter) *Stream {
	s := &Stream{w: w, rc: http.NewResponseController(w), patience: v.patience}
	// The server's limits are for short requests. Test recorders have none.
	_ = s.rc.SetReadDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	return s
}

// lineEnds replaces the line ends of server-sent events. A lone \r is one as
// well, so a name that contains it could start a message of its own.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// Add adds one message. Data may have several lines.
func (s *Stream) Add(name, data string) {
	fmt.Fprintf(&s.out, "event: %s\n", name)
	for line := range strings.SplitSeq(lineEnds.Replace(strings.TrimSpace(data)), "\n") {
		fmt.Fprintf(&s.out, "data: %s\n", line)
	}
	s.out.WriteString("\n")
}

// live adds a comment that keeps the connection open.
func (s *Stream) live() { s.out.WriteString(": still here\n\n") }

// flush sends the collected messages at once, if there are any.
func (s *Stream) flush() error {
	if s.out.Len() == 0 {
		return nil
	}
	_ = s.rc.SetWriteDeadline(time.Now().Add(s.patience))
	if _, err := s.out.WriteTo(s.w); err != nil {
		return err
	}
	return s.rc.Flush()
}

// Views are the live views of a Feed.
type Views struct {
	feed     *Feed
	patience time.Duration
	log      *slog.Logger
}

// NewViews returns the views of a feed. patience bounds how long a client may
// take to read a message; 0 means 10 s.
func NewViews(feed *Feed, patience time.Duration, log *slog.Logger) *Views {
	if patience <= 0 {
		patience = livePatience
	}
	return &Views{feed: feed, patience: patience, log: log}
}

// openView begins a live response; when it returns nil, it has responded.
func (v *Views) openView(w http.ResponseWriter) (*View, *Stream) {
	one := v.feed.tail.open()
	if one == nil {
		w.Header().Set("Retry-After", "30")
		answer.Problem(w, http.StatusServiceUnavailable, "too many live views are open; close some")
		return nil, nil
	}
	return one, v.openStream(w)
}

// Follow sends what tell adds at every tick, until the client leaves or Gavel
// stops; then it sends the rest.
func (v *Views) Follow(w http.ResponseWriter, r *http.Request, every time.Duration, tell func(*Stream, *View) error) {
	one, s := v.openView(w)
	if one == nil {
		return
	}
	defer v.feed.tail.leave()
	tick, beat := time.NewTicker(every), time.NewTicker(heartbeat)
	defer tick.Stop()
	defer beat.Stop()
	s.live()
	for s.flush() == nil {
		var err error
		select {
		case <-r.Context().Done():
			return
		case <-v.feed.tail.closed:
			s.patience = min(s.patience, lastPatience)
			if tell(s, one) == nil {
				_ = s.flush()
			}
			return
		case <-beat.C:
			s.live()
		case <-tick.C:
			err = tell(s, one)
		}
		if err != nil {
			v.log.Error("a live view cannot be shown", "path", r.URL.Path, "error", err)
			return
		}
	}
}

// Matching returns the events for which fits returns true.
func Matching(events []*Event, fits func(*event.Record) bool) []*Event {
	return slices.DeleteFunc(events, func(e *Event) bool { return !fits(e.Record) })
}
