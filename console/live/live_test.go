package live_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/console/live"
	"github.com/gavel-rules/gavel/event"
)

func record(id string) *event.Record {
	return &event.Record{Seq: 7, Deliveries: 1, Event: &event.Event{
		Envelope: event.Envelope{ID: id}, Meeting: &event.Meeting{ID: "m"}, Change: &event.Change{}, Test: &event.Test{}, Body: []byte("large"), Received: time.Unix(1, 0),
	}}
}

// ids tells what came, as tell of a Follow.
func ids(s *live.Stream, v *live.View) error {
	events, missed := v.Take()
	if missed > 0 {
		s.Add("missed", fmt.Sprint(missed))
	}
	for _, e := range events {
		if e.Event.Body != nil || e.Event.Meeting.ID != "m" || e.Event.Received.IsZero() || e.Seq != 7 {
			return fmt.Errorf("%+v is not the event without its body", e.Event)
		}
		s.Add("event", e.Event.ID)
	}
	return nil
}

// onlooker is a reader of a live view.
type onlooker struct {
	*httptest.ResponseRecorder
	mu    sync.Mutex // the test reads while the view writes
	leave context.CancelFunc
	log   bytes.Buffer
	over  chan struct{}
}

func (o *onlooker) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ResponseRecorder.Write(data)
}

func (o *onlooker) Flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ResponseRecorder.Flush()
}

// text is what came until now, once it is all flushed.
func (o *onlooker) text() (text string, flushed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.Body.String(), o.Flushed
}

func (o *onlooker) told() string {
	text, _ := o.text()
	return text
}

func look(t *testing.T, feed *live.Feed, tell func(*live.Stream, *live.View) error) *onlooker {
	t.Helper()
	o := &onlooker{ResponseRecorder: httptest.NewRecorder(), over: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	o.leave = cancel
	views := live.NewViews(feed, 0, slog.New(slog.NewTextHandler(&o.log, nil)))
	r := httptest.NewRequest(http.MethodGet, "/live/events", nil).WithContext(ctx)
	go func() {
		defer close(o.over)
		views.Follow(o, r, live.LiveTick, tell)
	}()
	synctest.Wait()
	return o
}

func TestFollow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		feed := live.NewFeed()
		feed.EventTaken(record("before")) // nobody looks
		o := look(t, feed, ids)
		check := func(when, want string) {
			t.Helper()
			synctest.Wait()
			if got, flushed := o.text(); got != want || !flushed {
				t.Errorf("%s: %q, flushed %v, want %q", when, got, flushed, want)
			}
		}
		text := ": still here\n\n"
		check("at first", text)
		if o.Code != 200 || o.Header().Get("Content-Type") != "text/event-stream" || o.Header().Get("X-Accel-Buffering") != "no" {
			t.Errorf("%d %v", o.Code, o.Header())
		}
		feed.EventTaken(record("e1"))
		feed.EventTaken(record("e2"))
		check("before the tick", text)
		time.Sleep(live.LiveTick)
		text += "event: event\ndata: e1\n\nevent: event\ndata: e2\n\n"
		check("after the tick", text)
		time.Sleep(14 * time.Second)
		check("after a calm time", text)
		time.Sleep(time.Second)
		text += ": still here\n\n"
		check("at the beat", text)
		feed.EventTaken(record("last"))
		feed.Close()
		feed.Close()
		<-o.over
		check("at the end", text+"event: event\ndata: last\n\n")
	})
}

func TestFollowEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		feed := live.NewFeed()
		gone := look(t, feed, ids)
		gone.leave()
		<-gone.over
		feed.EventTaken(record("after"))
		if strings.Contains(gone.Body.String(), "after") || gone.log.Len() > 0 {
			t.Errorf("%q, the log is %q", gone.Body, gone.log.String())
		}
		broken := look(t, feed, func(*live.Stream, *live.View) error { return errors.New("no such part") })
		time.Sleep(live.LiveTick)
		<-broken.over
		if log := broken.log.String(); !strings.Contains(log, "no such part") || !strings.Contains(log, "path=/live/events") {
			t.Errorf("the log is %q", log)
		}
		feed.Close()
		late := look(t, feed, func(*live.Stream, *live.View) error { return errors.New("no such part") })
		<-late.over
	})
}

// TestPlaces are given back, and 64.
func TestPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		feed := live.NewFeed()
		var all []*onlooker
		for range 64 {
			all = append(all, look(t, feed, ids))
		}
		refused := look(t, feed, ids)
		<-refused.over
		if refused.Code != http.StatusServiceUnavailable || refused.Header().Get("Retry-After") != "30" || all[63].Code != 200 {
			t.Errorf("the 64th gets %d, the 65th %d %v", all[63].Code, refused.Code, refused.Header())
		}
		all[0].leave()
		<-all[0].over
		again := look(t, feed, ids)
		if again.Code != 200 {
			t.Errorf("the place that was left gets %d", again.Code)
		}
		feed.Close()
		for _, o := range append(all, again) {
			<-o.over
		}
	})
}

// TestLagging tells a view that is too slow what it has missed, exactly.
func TestLagging(t *testing.T) {
	t.Parallel()
	for sent, missed := range map[int]int{255: 0, 256: 0, 257: 1, 600: 344} {
		synctest.Test(t, func(t *testing.T) {
			feed := live.NewFeed()
			o := look(t, feed, ids)
			for i := range sent {
				feed.EventTaken(record(fmt.Sprint("e", i)))
			}
			time.Sleep(live.LiveTick)
			feed.Close()
			<-o.over
			text := o.Body.String()
			if got := strings.Count(text, "event: event"); got != sent-missed || !strings.Contains(text, fmt.Sprintf("data: e%d\n", sent-1)) {
				t.Errorf("%d sent: %d told", sent, got)
			}
			want := ""
			if missed > 0 {
				want = fmt.Sprintf("event: missed\ndata: %d\n", missed)
			}
			if !strings.Contains(text, want) || strings.Contains(text, "missed") != (missed > 0) {
				t.Errorf("%d sent: the view is not told of %d missed", sent, missed)
			}
			first := fmt.Sprintf("event: event\ndata: e%d\n", missed)
			if i := strings.Index(text, "event: event"); !strings.HasPrefix(text[i:], first) {
				t.Errorf("%d sent: the first told is %q", sent, text[i:i+30])
			}
		})
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		feed := live.NewFeed()
		feed.Changed()
		o := look(t, feed, func(s *live.Stream, v *live.View) error {
			if v.Changed() {
				s.Add("changed", "now\r\nor\rnever\n")
			}
			return nil
		})
		count := func() int { synctest.Wait(); return strings.Count(o.told(), "event: changed") }
		time.Sleep(live.LiveTick)
		if n := count(); n != 0 {
			t.Errorf("%d changes before any", n)
		}
		for i, change := range []func(){feed.RunChanged, feed.Changed, func() { feed.EventTaken(record("e")) }} {
			change()
			time.Sleep(2 * live.LiveTick)
			if n := count(); n != i+1 {
				t.Errorf("%d changes told after %d", n, i+1)
			}
		}
		feed.Close()
		<-o.over
		if !strings.Contains(o.told(), "event: changed\ndata: now\ndata: or\ndata: never\n\n") {
			t.Errorf("%q", o.Body)
		}
	})
}

// TestRendering is made once, its error too.
func TestRendering(t *testing.T) {
	t.Parallel()
	var r live.Rendering
	for i := range 2 {
		text, err := r.Get(func() (string, error) { return fmt.Sprint("look ", i), errors.New("half") })
		if text != "look 0" || err == nil {
			t.Errorf("%q, %v", text, err)
		}
	}
}

func TestMatching(t *testing.T) {
	t.Parallel()
	events := []*live.Event{{Record: record("a")}, {Record: record("b")}, {Record: record("c")}}
	got := live.Matching(events, func(r *event.Record) bool { return r.Event.ID != "b" })
	if len(got) != 2 || got[0].Event.ID != "a" || got[1].Event.ID != "c" {
		t.Errorf("%d fit", len(got))
	}
}
