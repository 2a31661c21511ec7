package deploy

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestHangingDatabase: while another session holds a lock on the table of events,
// some requests wait, the others are answered 503 at once, and nothing that was
// acknowledged is lost.
func TestHangingDatabase(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{Database: testkit.NewDatabase(t)})
	f := &flood{t: t, p: p, acked: map[string]bool{}}
	f.post(from(t, "127.0.4.1"), "before", testkit.Sample(t, event.TypeWebhookTest, "before"))

	other, err := pgx.Connect(t.Context(), p.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(t.Context())
	tx, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE gavel_events IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	var senders sync.WaitGroup
	var shed atomic.Int64
	for i := range 40 {
		senders.Go(func() {
			client := from(t, fmt.Sprint("127.0.4.", i+10))
			client.Timeout = 4 * time.Second // senders do not wait as long as Gavel does
			for id := fmt.Sprintf("meanwhile-%d", i); ; {
				a, err := testkit.Post(t, client, p.URL, testkit.Secret, testkit.Sample(t, event.TypeWebhookTest, id))
				switch {
				case err != nil: // out of time
				case a.Code == http.StatusOK:
					f.mu.Lock()
					f.acked[id] = true
					f.mu.Unlock()
					return
				case a.Code != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "":
					t.Errorf("event %s: %d %v", id, a.Code, a.Header)
					return
				case strings.Contains(a.Body, "fast enough"):
					shed.Add(1)
				}
				select {
				case <-time.After(100 * time.Millisecond): // a sender that is refused waits
				case <-t.Context().Done():
					return
				}
			}
		})
	}
	testkit.Eventually(t, "further requests are answered at once", func() bool { return shed.Load() >= 50 })
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	senders.Wait()
	if len(f.acked) != 41 {
		t.Errorf("%d events acknowledged, want 41", len(f.acked))
	}
	f.checkStored()
	testkit.Eventually(t, "Gavel is ready again", p.Ready)
}
