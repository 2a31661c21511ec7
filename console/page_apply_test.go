package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
)

// TestRuleIsAppliedOnAPage: it asks first, goes through all events, and adds by
// the rules that were shown.
func TestRuleIsAppliedOnAPage(t *testing.T) {
	t.Parallel()
	r, c := withDesk(t)
	r.shows("/rules/rule-one", `href="/rules/rule-one/apply"`)
	c.last()
	r.shows("/rules/rule-one/apply", "Apply it to 42 booked meetings?", ">6<", ">4<", ">24<", "80 meetings do not match", `href="/meetings/m%2F1"`,
		`waits until <time datetime="2026-03-09T09:00:00Z"`, "and 40 more", `name="revision" value="abc"`, "Add 42 runs<")
	const first, second = "apply rule-one {Confirm:%t Revision:%s Cursor:} in the console from 127.0.0.1", "; apply rule-one {Confirm:%t Revision:abc Cursor:1-2} in the console from 127.0.0.1"
	if got, want := c.last(), fmt.Sprintf(first, false, "")+fmt.Sprintf(second, false); got != want {
		t.Errorf("the desk is asked %q, want %q", got, want)
	}
	a := r.do("POST", "/rules/rule-one/apply", "revision=abc", "Content-Type", "application/x-www-form-urlencoded")
	if got := a.Header.Get("Location"); a.StatusCode != http.StatusSeeOther || got != "/rules/rule-one?done=apply" {
		t.Errorf("%d leads to %q", a.StatusCode, got)
	}
	if got, want := c.last(), fmt.Sprintf(first, true, "abc")+fmt.Sprintf(second, true); got != want {
		t.Errorf("the desk is asked %q, want %q", got, want)
	}
	c.err = fmt.Errorf("%w rule %q: it has a digest", event.ErrInvalid, "rule-one")
	if a := r.page("/rules/rule-one/apply"); a.StatusCode != http.StatusBadRequest || !strings.Contains(a.Body, "it has a digest") {
		t.Errorf("a rule that cannot be applied: %d %s", a.StatusCode, a.Body)
	}
}
