package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// status is what the API reports the source.
type status struct {
	Validated time.Time `json:"endpoint_validated_at"`
	Source    struct {
		State     string    `json:"state"`
		LastEvent time.Time `json:"last_event"`
		Before    time.Time `json:"expected_before"`
	} `json:"source"`
}

func sourceOf(t *testing.T, p *testkit.Process) status {
	t.Helper()
	var s status
	if err := json.Unmarshal([]byte(get(t, p, "/api/v1/status")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAQuietSourceIsNoticed has a source that falls silent, a restart in the
// silence, and the event that ends it.
func TestAQuietSourceIsNoticed(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{Args: []string{"--expect-event-every", "2s"}})
	p.MustPost(testkit.Sample(t, event.TypeWebhookTest, "validation"))
	quiet := func() {
		t.Helper()
		testkit.Eventually(t, "the source is called quiet", func() bool { return sourceOf(t, p).Source.State == "quiet" })
		if page := get(t, p, "/"); !strings.Contains(page, "The next was expected before now (every 2s (--expect-event-every))") {
			t.Error("the overview does not say that the source is quiet")
		}
		if ready := get(t, p, "/-/ready"); !strings.Contains(ready, `"ready":true`) || !strings.Contains(ready, `"source":"No events received for `) {
			t.Errorf("ready: %s", ready)
		}
		if metrics := get(t, p, "/metrics"); !strings.Contains(metrics, "\ngavel_source_quiet 1\n") {
			t.Error("the metrics do not say that the source is quiet")
		}
	}
	quiet()
	before := sourceOf(t, p)
	p.Stop()
	p.Restart()
	quiet()
	if after := sourceOf(t, p); after != before || after.Validated.IsZero() {
		t.Errorf("after a restart %+v, before %+v", after, before)
	}
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "at last"))
	testkit.Eventually(t, "the log tells the end of the silence", func() bool { return strings.Contains(p.Log(), "events received again") })
	if n := strings.Count(p.Log(), "no events received"); n < 2 {
		t.Errorf("the silence was logged %d times, want once for each start", n)
	}
}

func TestABurstOfBadSignaturesIsNoticed(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{})
	body := testkit.Sample(t, event.TypeScheduled, "forged")
	for range 5 {
		if a, err := testkit.Post(t, p.Client, p.URL, "the old secret", body); err != nil || a.Code != http.StatusUnauthorized {
			t.Fatalf("%+v %v", a, err)
		}
	}
	testkit.Eventually(t, "the burst is in the metrics", func() bool {
		return strings.Contains(get(t, p, "/metrics"), "\ngavel_source_signature_burst 1\n")
	})
	if page := get(t, p, "/"); !strings.Contains(page, "No valid signature in the last 15 minutes: 5 requests were rejected.") {
		t.Error("the overview does not tell of the burst")
	}
	if n := strings.Count(p.Log(), "most requests have a bad signature"); n != 1 {
		t.Errorf("the burst was logged %d times", n)
	}
}

func TestExpectationsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"0", "-1h", "often", "24"} {
		r := testkit.Gavel(t, "serve", "--expect-event-every", value, "--signing-secret", "s")
		if r.Code != 2 || !strings.Contains(r.Stderr, "neither auto, off nor a time such as 24h") {
			t.Errorf("%q: exit %d, %s", value, r.Code, r.Stderr)
		}
	}
}
