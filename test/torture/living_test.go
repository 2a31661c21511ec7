package torture

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/standin"
)

// wall is Slack behind a network that behaves badly while it is told to: calls
// fail before they arrive, or their answers are lost.
type wall struct {
	*httptest.Server
	slack  *standin.Slack
	mu     sync.Mutex
	random *rand.Rand
	bad    bool
	lost   int // answers of posts
}

func newWall(t *testing.T, seed uint64) *wall {
	w := &wall{slack: standin.NewSlack(standin.SlackOptions{}), random: rand.New(rand.NewPCG(seed, 7)), bad: true}
	if err := w.slack.Start(""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.slack.Stop(t.Context()) }) // what is left of it ends with the test
	to, err := url.Parse(w.slack.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(r *http.Response) error {
		posted := strings.HasSuffix(r.Request.URL.Path, "chat.postMessage")
		if mood := w.mood(); mood >= 10 && (mood >= 40 || !posted) {
			return nil
		}
		if posted {
			w.mu.Lock()
			w.lost++
			w.mu.Unlock()
		}
		panic(http.ErrAbortHandler)
	}
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) } // the caller was killed
	w.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		switch mood := w.mood(); {
		case mood < 5:
			out.WriteHeader(http.StatusServiceUnavailable)
		case mood < 8:
			panic(http.ErrAbortHandler)
		default:
			proxy.ServeHTTP(out, r)
		}
	}))
	t.Cleanup(w.Server.Close)
	return w
}

func (w *wall) mood() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.bad {
		return 100
	}
	return w.random.IntN(100)
}

func (w *wall) behave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bad = false
}

// verify: each meeting has one message, which shows the newest event.
func (w *wall) verify(t *testing.T, l *ledger) {
	acked, _ := l.all()
	newest := map[string]sent{}
	for _, e := range acked {
		if e.Happened.After(newest[e.Meeting].Happened) {
			newest[e.Meeting] = e
		}
	}
	for _, e := range l.unanswered {
		delete(newest, e.Meeting) // it may have been stored
	}
	shown, updates := map[string][]string{}, 0
	for _, m := range w.slack.Messages() {
		meeting, _, _ := strings.Cut(strings.Trim(m.Text, "~"), " ")
		shown[meeting] = append(shown[meeting], m.Text)
	}
	for _, m := range w.slack.Received() {
		if m.Updated {
			updates++
		}
	}
	for meeting, e := range newest {
		want := meeting + " " + e.ID
		if e.Type == event.TypeCanceled {
			want = "~" + want + "~"
		}
		if got := shown[meeting]; len(got) != 1 || got[0] != want {
			t.Errorf("meeting %s has the messages %q, want %q", meeting, got, want)
		}
	}
	for meeting, texts := range shown {
		if len(texts) > 1 {
			t.Errorf("meeting %s has %d messages", meeting, len(texts))
		}
	}
	t.Logf("%d meetings have %d messages in Slack, changed %d times; the answers of %d posts were lost", len(newest), len(w.slack.Messages()), updates, w.lost)
}
