package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// sent is an event that was answered 200.
type sent struct {
	ID, Type, Meeting string
	Start             time.Time // of the meeting, as the event says
	Happened          time.Time
	Acked             time.Time
}

// ledger holds what the sender knows.
type ledger struct {
	mu         sync.Mutex
	acked      []sent
	unanswered []sent // when the load ended
	tries      int
}

func (l *ledger) all() ([]sent, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]sent(nil), l.acked...), l.tries
}

// longestBacklog is how many events may be ahead of the calls that were taken.
const longestBacklog = 2000

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked)
}

// meetings sends lives of meetings, one after the other, until ctx ends:
// booked, moved up to twice, perhaps canceled. Each event is repeated until it
// is answered 200, as the vendor does.
func (c *cluster) meetings(ctx context.Context, t *testing.T, l *ledger, s *sink, sender int, random *rand.Rand) {
	for n := 0; ctx.Err() == nil; n++ {
		// The bad destination takes far fewer calls than events can come in;
		// what it leaves behind has to be worked off afterwards.
		for l.count() > s.count200()+longestBacklog {
			if !pause(ctx, 50*time.Millisecond) {
				return
			}
		}
		meeting := fmt.Sprintf("m-%d-%d", sender, n)
		life := []string{event.TypeScheduled}
		for range random.IntN(3) {
			life = append(life, event.TypeRescheduled)
		}
		if random.IntN(3) == 0 {
			life = append(life, event.TypeCanceled)
		}
		for i, eventType := range life {
			start := time.Now().Add(time.Duration(1000+random.IntN(4000)) * time.Millisecond)
			e := sent{
				ID: fmt.Sprintf("%s-%d", meeting, i), Type: eventType, Meeting: meeting,
				Start: start, Happened: time.Now(),
			}
			if !c.deliver(ctx, t, l, e) {
				return
			}
			pause(ctx, time.Duration(random.IntN(30))*time.Millisecond)
		}
	}
}

// deliver repeats one event until its 200. False means that ctx ended first,
// so nothing is known of the event.
func (c *cluster) deliver(ctx context.Context, t *testing.T, l *ledger, e sent) bool {
	body := testkit.Sample(t, e.Type, e.ID,
		"eventTimestamp", e.Happened.UTC().Format(time.RFC3339Nano),
		"meeting.id", e.Meeting,
		"meeting.meetingStart", e.Start.UTC().Format(time.RFC3339Nano),
		"meeting.meetingEnd", e.Start.Add(time.Hour).UTC().Format(time.RFC3339Nano))
	for {
		l.mu.Lock()
		l.tries++
		l.mu.Unlock()
		answer, err := testkit.Post(t, c.client, c.url(), testkit.Secret, body)
		if err == nil && answer.Code == http.StatusOK {
			e.Acked = time.Now()
			l.mu.Lock()
			l.acked = append(l.acked, e)
			l.mu.Unlock()
			return true
		}
		if err == nil && answer.Code != http.StatusServiceUnavailable {
			t.Errorf("event %s was answered %d %s", e.ID, answer.Code, answer.Body)
			return false
		}
		if !pause(ctx, 20*time.Millisecond) {
			l.mu.Lock()
			l.unanswered = append(l.unanswered, e)
			l.mu.Unlock()
			return false
		}
	}
}

// pause sleeps; false means that ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
