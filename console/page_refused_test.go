package console_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// TestRefusedPage answers whether anything was lost or refused; the overview
// leads to it.
func TestRefusedPage(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	r.shows("/refused", "None. A request is refused for")
	if body := r.shows("/"); strings.Contains(body, "were refused") {
		t.Error("the overview warns of nothing")
	}
	r.accept(event.TypeScheduled, "ev-1", event.StatusWaiting, event.StatusFailed)
	now := time.Now()
	list := []event.Refusal{
		{Reason: "signature", Source: "192.0.2.1", Count: 1200, First: now, Last: now},
		{Reason: "not_found", Count: 7, First: now, Last: now},
	}
	if err := r.store.AddRefusals(t.Context(), list, now); err != nil {
		t.Fatal(err)
	}
	r.shows("/", "1,200 requests were refused in the last 24 hours: 1,200 bad signature.", `href="/refused"`)
	r.shows("/refused", "192.0.2.1", "other sources", "Compare the signing secret", ">1,207<", "1,200 bad signature, 7 wrong address")
	r.shows("/api/v1/refused", `"requests":1207`, `"events":1`, `"source":"192.0.2.1"`, `"failed":1`, `"waiting":1`)
	r.shows("/api/v1/status", `"last_day_refused":[{"reason":"signature","text":"bad signature","count":1200}`)
}
