package torture

import (
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// arrival is one call that reached the sink, whatever it answered.
type arrival struct {
	Rule, Event, Meeting, Step string
	Token, Got                 string
	Key                        string
	At                         time.Time
}

// sink takes the actions and behaves badly while it is told to.
type sink struct {
	*httptest.Server
	mu       sync.Mutex
	random   *rand.Rand
	bad      bool
	arrivals []arrival
	answers  map[string]int
}

func newSink(seed uint64) *sink {
	s := &sink{random: rand.New(rand.NewPCG(seed, 1)), bad: true, answers: map[string]int{}}
	s.Server = httptest.NewServer(s)
	return s
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller was killed while it sent
	}
	var a arrival
	if json.Unmarshal(body, &a) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	a.Key, a.At = r.Header.Get("Idempotency-Key"), time.Now()
	s.mu.Lock()
	s.arrivals = append(s.arrivals, a)
	mood := 100
	if s.bad {
		mood = s.random.IntN(100)
	}
	s.mu.Unlock()
	s.answer(r.Context(), w, mood, &a)
}

// echoOf is a text of a reply that holds values of the environment.
func echoOf(eventID string) string { return eventID + " " + sinkToken + ` false "," ` + sinkToken }

// deepReply is small, and deeper than readers of JSON go.
var deepReply = strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999)

func (s *sink) answer(ctx context.Context, w http.ResponseWriter, mood int, a *arrival) {
	name := "200"
	switch {
	case mood < 8:
		name = "500"
		w.WriteHeader(http.StatusInternalServerError)
	case mood < 10:
		name = "429"
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case mood < 14:
		name = "cut off"
		s.count(name)
		panic(http.ErrAbortHandler) // closes the connection without an answer
	case mood < 24:
		name = "delayed"
		select {
		case <-time.After(time.Duration(50+mood*20) * time.Millisecond):
		case <-ctx.Done():
		}
	}
	s.count(name)
	if name != "200" && name != "delayed" {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if a.Rule == "deep" {
		_, _ = io.WriteString(w, deepReply)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"paused": false, "number": 31415926, "token": a.Token, "echo": echoOf(a.Event)})
}

func (s *sink) count(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[name]++
}

// count200 returns how many calls were answered with 200.
func (s *sink) count200() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers["200"] + s.answers["delayed"]
}

// behave ends the bad behaviour.
func (s *sink) behave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bad = false
}

func (s *sink) received() ([]arrival, map[string]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]arrival(nil), s.arrivals...), s.answers
}
