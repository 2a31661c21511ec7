package console_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/console"
	"github.com/gavel-rules/gavel/watchdog"
)

// standing is a source that was silent from three days before the fixed time.
func standing(state watchdog.State, last time.Time) watchdog.Report {
	return watchdog.Report{State: state, LastEvent: last, ExpectedBefore: last.Add(24 * time.Hour), Basis: "learned from the last 4 weeks"}
}

func TestAQuietSourceIsWarnedOf(t *testing.T) {
	t.Parallel()
	r := setup(t, func(o *console.Options) { o.Now = fixedTime })
	docs := document(t)
	check := func(s watchdog.Report, want ...string) {
		t.Helper()
		r.watch.source = s
		page := r.page("/").Body
		ready := r.do("GET", "/-/ready", "")
		if ready.StatusCode != http.StatusOK {
			t.Errorf("a matter of the source ends readiness: %s", ready.Body)
		}
		for _, text := range want {
			if !strings.Contains(page, text) {
				t.Errorf("the overview does not hold %q", text)
			}
			if text = strings.NewReplacer("&#43;", "+").Replace(text); !strings.Contains(ready.Body, text) {
				t.Errorf("%s does not hold %q", ready.Body, text)
			}
		}
		if calm := strings.Contains(page, "Everything works") || strings.Contains(ready.Body, `"warnings":{}`); calm == (len(want) > 0) {
			t.Errorf("calm is %v: %s", calm, ready.Body)
		}
		asDocumented(t, docs, r.do("GET", "/api/v1/status", ""))
	}
	r.rules.calm = true
	now := fixedTime()
	check(standing(watchdog.Active, now))
	check(standing(watchdog.Learning, time.Time{}))
	check(standing(watchdog.Unwatched, now))
	check(standing(watchdog.Quiet, now.Add(-3*24*time.Hour)),
		"No events received for 3 days. The next was expected before now (learned from the last 4 weeks).",
		"disables an endpoint that keeps failing", "check before", "5 Mar 2026, 12:00:00 UTC")
	check(standing(watchdog.Quiet, now.Add(-8*24*time.Hour)), "No events received for 8 days", "the first ones are gone")
	check(standing(watchdog.Quiet, time.Time{}), "No events received since Gavel was started")
	bad := standing(watchdog.Active, now)
	bad.Signatures = watchdog.Burst{On: true, Since: now, Bad: 12}
	check(bad, "No valid signature in the last 15 minutes: 12 requests were rejected.", "Compare the signing secret")
	bad.Signatures.Good = 3
	check(bad, "12 requests were rejected, 3 accepted.", "Events may be forged")
}

func TestValidationOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	r := setup(t, func(o *console.Options) { o.Now = fixedTime })
	r.watch.source.Validated = fixedTime().Add(-90 * 24 * time.Hour)
	if page := r.page("/").Body; !strings.Contains(page, "endpoint validated") || !strings.Contains(page, "2025-12-01T12:00:00Z") {
		t.Error("the overview does not say when the endpoint was validated")
	}
	status := decoded[struct {
		Validated time.Time `json:"endpoint_validated_at"`
	}](t, r.do("GET", "/api/v1/status", ""))
	if !status.Validated.Equal(r.watch.source.Validated) {
		t.Errorf("the status says %s", status.Validated)
	}
}
