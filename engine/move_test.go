package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/text"
)

// TestMoveToARuleThatSendsNothing: a waiting run is not taken over to a rule by
// which nothing would go out, and would not send by it.
func TestMoveToARuleThatSendsNothing(t *testing.T) {
	t.Parallel()
	check := func(old, changed, problem string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, reminder)
			b.take(event.TypeScheduled, "booked", about(10*time.Hour)...)
			settle()
			run := b.only()
			to := b.compile([]text.Source{{Name: "rules.yaml", Content: []byte(strings.Replace(reminder, old, changed, 1))}})
			m := plan.NewMove(b.current(), to, run, made(t, event.TypeScheduled, "booked", about(10*time.Hour)...), nil, time.Now())
			if problem == "" && m.Problem != "" || !strings.Contains(m.Problem, problem) {
				t.Errorf("%s: problem %q, want %q", changed, m.Problem, problem)
			}
		})
	}
	const name = "- name: remind\n"
	check(name, name+"    description: other\n", "")
	check(name, name+"    enabled: false\n", "turned off")
	check(name, name+"    mode: shadow\n", "shadow rule")
	check("scheduling.smartscheduler.scheduled", "scheduling.smartscheduler.rescheduled", "does not listen to scheduling.smartscheduler.scheduled")
}
