package console_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/console"
	"github.com/gavel-rules/gavel/event"
)

// TestRunOfAnOldRevision shows its actions and the rule as it was.
func TestRunOfAnOldRevision(t *testing.T) {
	t.Parallel()
	r := setup(t, func(o *console.Options) { o.Desk = &clerk{t: t} })
	r.revision = "r0"
	run := r.accept(event.TypeScheduled, "ev-1", event.StatusFailed)[0]
	a := r.page("/runs/" + run.ID)
	for _, want := range []string{"<h2>Actions</h2>", "old", `href="#rule"`, "# as in r0"} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("the page of a run of r0 does not have %q:\n%s", want, a.Body)
		}
	}
}

// TestOneRuleIsOpen on the page of an event: that which is looked for.
func TestOneRuleIsOpen(t *testing.T) {
	t.Parallel()
	r := setup(t, func(o *console.Options) { o.Desk = &clerk{t: t} })
	r.accept(event.TypeScheduled, "ev-1", event.StatusSucceeded)
	r.accept(event.TypeScheduled, "ev-2", event.StatusFailed)
	const open = `class="not_matched"><details open>`
	for path, want := range map[string]bool{"/events/ev-1": false, "/events/ev-1?rule=rule-one": true, "/events/ev-1?rule=other": false, "/events/ev-2": true, "/events/ev-2?rule=other": false} {
		if a := r.page(path); a.StatusCode != http.StatusOK || strings.Contains(a.Body, open) != want {
			t.Errorf("%s: %d, open %t, want %t", path, a.StatusCode, !want, want)
		}
	}
}
