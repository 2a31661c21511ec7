package browser

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// countingRules have a window for each owner, and a rule that is taken away.
const countingRules = `rules:
  - name: cancellation-spike
    description: Somebody has to look when one owner loses many meetings.
    event: scheduling.smartscheduler.canceled
    threshold: { count: 5, within: 1h, per: meeting.meetingOwner.username }
    throttle: { once: 4h, per: meeting.meetingOwner.username }
    actions: [ log: { message: "${{ window.count }} cancellations" } ]
  - name: digest-of-bookings
    event: scheduling.smartscheduler.scheduled
    digest: { every: 3h }
    actions: [ log: { message: "${{ window.count }} bookings" } ]
`

const takenAway = `  - name: remind
    event: scheduling.smartscheduler.scheduled
    actions: [ wait: { until: meeting.meetingEnd + duration("1h"), if_past: run }, log: { message: soon } ]
`

// newCounting starts Gavel with windows that have counted, and without a rule whose
// runs wait.
func newCounting(t *testing.T) *testkit.Process {
	t.Helper()
	p := testkit.Start(t, testkit.Serve{Rules: countingRules + takenAway})
	for i, owner := range []string{"host", "sales", "host", "support", "host", "sales"} {
		for _, kind := range []string{event.TypeScheduled, event.TypeCanceled} {
			meeting := fmt.Sprint("m-", i)
			if kind == event.TypeCanceled {
				meeting += "-other"
			}
			p.MustPost(testkit.Sample(t, kind, fmt.Sprintf("ev-%d-%s", i, kind), "meeting.id", meeting, "meeting.meetingOwner.username", owner+"@acme.example"))
		}
	}
	testkit.Eventually(t, "the runs wait", func() bool {
		return len((&scene{Process: p}).Runs(t, map[string][]string{"rule": {"remind"}, "status": {"waiting"}})) == 6
	})
	if err := os.WriteFile(p.RulesFile, []byte(countingRules), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := p.Client.Post(p.Console+"/-/reload", "", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Body.Close(); err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("reload: %v %d", err, a.StatusCode)
	}
	return p
}

// TestWhatRulesHaveLeftBehind is on the pages of rules, and can be stopped there.
func TestWhatRulesHaveLeftBehind(t *testing.T) {
	t.Parallel()
	p := newCounting(t)
	b := newTab(t, look{Narrow: true})
	for _, path := range []string{"/rules", "/rules/remind", "/rules/cancellation-spike", "/rules/remind/move"} {
		b.open(p.Console + path)
		b.accessible(path)
		if over := value[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
			t.Errorf("%s is %d pixels wider than the window", path, over)
		}
	}
	b.open(p.Console + "/rules")
	b.follow(`.notice a[href="/runs?rule=remind&status=waiting"]`)
	b.follow(`form[action="/runs/ask/cancel"] button`)
	b.follow(`form[action="/runs/cancel"] button`)
	b.open(p.Console + "/rules")
	if n := value[int](b, `document.querySelectorAll(".notice").length`); n != 0 {
		t.Errorf("after they are canceled the page has %d notices", n)
	}
}
