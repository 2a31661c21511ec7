package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestMachinesShareTheWork sends events to three machines on one database,
// kills one of them while actions are under way, and counts.
func TestMachinesShareTheWork(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	g := newTarget(t)
	g.hold()
	machines := make([]*testkit.Process, 3)
	var started sync.WaitGroup
	for i := range machines { // together, so that their migrations meet
		started.Go(func() {
			machines[i] = testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "tell"), Database: database})
		})
	}
	started.Wait()
	const events = 30
	for i := range events {
		machines[i%3].MustPost(testkit.Sample(t, event.TypeCanceled, fmt.Sprintf("event-%02d", i)))
	}
	testkit.Eventually(t, "actions are under way", func() bool { return len(g.byEvent()) > 0 })
	machines[0].Kill()
	g.release()
	testkit.Eventually(t, "every action came, those of the dead machine from another", func() bool {
		return len(g.byEvent()) == events && strings.Count(runsOf(t, database, "--status", "succeeded", "--limit", "100"), "tell") == events
	})
	for id, keys := range g.byEvent() {
		for _, key := range keys {
			if key != keys[0] {
				t.Errorf("%s came with the keys %q", id, keys)
			}
		}
	}
}

// gap stands between Gavel and PostgreSQL and can be cut or frozen.
type gap struct {
	net.Listener
	to string

	mu    sync.Mutex
	cut   bool
	conns []net.Conn

	ice sync.RWMutex // held for writing while frozen
}

func newGap(t *testing.T, database string) (*gap, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gap{Listener: l, to: u.Host}
	go g.serve()
	t.Cleanup(func() {
		g.set(true)
		_ = l.Close() // ends serve
	})
	u.Host = l.Addr().String()
	return g, u.String()
}

func (g *gap) serve() {
	for {
		near, err := g.Accept()
		if err != nil {
			return
		}
		g.mu.Lock()
		cut := g.cut
		g.mu.Unlock()
		far, err := net.Dial("tcp", g.to)
		if cut || err != nil {
			_ = near.Close()
			continue
		}
		g.mu.Lock()
		g.conns = append(g.conns, near, far)
		g.mu.Unlock()
		go func() { _, _ = io.Copy(melting{g, near}, far); _ = near.Close() }()
		go func() { _, _ = io.Copy(melting{g, far}, near); _ = far.Close() }()
	}
}

// melting writes when the gap is not frozen.
type melting struct {
	gap *gap
	to  io.Writer
}

func (m melting) Write(b []byte) (int, error) {
	m.gap.ice.RLock()
	defer m.gap.ice.RUnlock()
	return m.to.Write(b)
}

// freeze holds back what is sent, without a word to either side, or lets it go
// on.
func (g *gap) freeze(on bool) {
	if on {
		g.ice.Lock()
		return
	}
	g.ice.Unlock()
}

// set cuts all connections and refuses new ones, or lets them through again.
func (g *gap) set(cut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cut = cut
	if !cut {
		return
	}
	for _, c := range g.conns {
		_ = c.Close()
	}
	g.conns = nil
}

// TestDatabaseGoesAway cuts the connection to PostgreSQL: the vendor is asked
// to come back, and afterwards everything works as before.
func TestDatabaseGoesAway(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	between, through := newGap(t, database)
	g := newTarget(t)
	p := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "tell"), Database: through})
	p.MustPost(testkit.Sample(t, event.TypeCanceled, "before"))
	testkit.Eventually(t, "the action before", func() bool { return len(g.byEvent()["before"]) == 1 })

	between.set(true)
	during := testkit.Sample(t, event.TypeCanceled, "during")
	answer, err := p.Post(during)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Code != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		t.Errorf("without a database: %d %q %s", answer.Code, answer.Header.Get("Retry-After"), answer.Body)
	}
	notReady(t, p, "store", "the database is unreachable")
	between.set(false)
	testkit.Eventually(t, "the same event is taken again", func() bool {
		a, err := p.Post(during)
		return err == nil && a.Code == http.StatusOK
	})
	testkit.Eventually(t, "its action", func() bool { return len(g.byEvent()["during"]) > 0 })
	testkit.Eventually(t, "ready again", p.Ready)
}
