package metrics

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/gavel-rules/gavel/engine/gate"
	"github.com/gavel-rules/gavel/engine/vitals"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/receiver"
	"github.com/gavel-rules/gavel/rules/live"
	"github.com/gavel-rules/gavel/watchdog"
)

// told returns metrics that have been told of one thing of each kind.
func told(t *testing.T) *Metrics {
	t.Helper()
	m := New("1.0.0")
	ev := &event.Event{Envelope: event.Envelope{Type: event.TypeScheduled}}
	m.Took(ev, event.Receipt{})
	ev.Drift = []event.Drift{{Path: "data.id"}, {Path: "data.made.up"}} // a repeat does not count again
	m.Took(ev, event.Receipt{Duplicate: true})
	m.Took(&event.Event{Envelope: event.Envelope{Type: "made.up"}, Drift: ev.Drift}, event.Receipt{Late: true})
	m.EventTaken(ev, event.Receipt{Moved: 2, Dropped: 1}, 1)
	m.Accepted(time.Millisecond)
	m.Rejected(receiver.ReasonSignature, time.Millisecond)
	m.RunChanged(&event.Run{Rule: "a-rule", Status: event.StatusFailed})
	m.RunChanged(&event.Run{Rule: "a-rule", Status: event.StatusWaiting})
	m.AttemptEnded(nil, &event.Attempt{Kind: "http", Outcome: event.OutcomeFailed, Cause: event.CauseServer})
	m.AttemptEnded(nil, &event.Attempt{Action: -1, Outcome: event.OutcomeChanged})
	m.Claimed(3, time.Millisecond)
	now := time.Unix(1_800_000_000, 0)
	m.Watch(State{
		Counts: func(context.Context) (event.Counts, error) {
			return event.Counts{Events: 7, Runs: map[event.Status]int64{event.StatusWaiting: 2}, OldestDue: now.Add(-5 * time.Second)}, nil
		},
		Issues: func(context.Context) ([]*event.Issue, error) {
			return []*event.Issue{
				{Rule: "a-rule", Connection: "crm", Cause: event.CauseServer, Failing: 3}, {Rule: "a-rule", Connection: "crm", Cause: event.CauseAuth, Failing: 2},
				{Rule: "b-rule", Failing: 9, MutedUntil: now.Add(time.Hour)},
			}, nil
		},
		Connections: func() []gate.State {
			return []gate.State{{Name: "crm", InFlight: 1, MaxInFlight: 16, Breaker: "open", PausedUntil: now.Add(time.Minute)}}
		},
		Rules: func() live.Status { return live.Status{OK: true, Rules: 3, LoadedAt: now, Loads: 1} },
		Source: func() watchdog.Report {
			return watchdog.Report{State: watchdog.Quiet, LastEvent: now.Add(-time.Hour), ExpectedBefore: now}
		},
		Troubles: func() vitals.Troubles { return vitals.Troubles{Refused: 4, Unrecorded: 2, Stuck: 1} },
		Now:      func() time.Time { return now },
	})
	return m
}

func TestMetricsCountWhatTheyAreTold(t *testing.T) {
	t.Parallel()
	const want = `
# HELP gavel_attempts_total Action attempts, by action kind, outcome and cause of failure.
# TYPE gavel_attempts_total counter
gavel_attempts_total{cause="server",kind="http",outcome="failed"} 1
# HELP gavel_connection_breaker 1 for the current state of the circuit breaker: closed (working), open (paused after failures), half-open (testing).
# TYPE gavel_connection_breaker gauge
gavel_connection_breaker{connection="crm",state="closed"} 0
gavel_connection_breaker{connection="crm",state="half-open"} 0
gavel_connection_breaker{connection="crm",state="open"} 1
# HELP gavel_connection_paused 1 while the destination has asked to wait (429 or Retry-After), by connection.
# TYPE gavel_connection_paused gauge
gavel_connection_paused{connection="crm"} 1
# HELP gavel_drift_total Fields of accepted events that differ from the documentation, by event type and field.
# TYPE gavel_drift_total counter
gavel_drift_total{field="data.id",type="other"} 1
gavel_drift_total{field="other",type="other"} 1
# HELP gavel_events_total Events received with a valid signature, by type and outcome.
# TYPE gavel_events_total counter
gavel_events_total{outcome="accepted",type="scheduling.smartscheduler.scheduled"} 1
gavel_events_total{outcome="duplicate",type="scheduling.smartscheduler.scheduled"} 1
gavel_events_total{outcome="late",type="other"} 1
# HELP gavel_failing_runs Runs of open issues that are failed now, by rule and connection.
# TYPE gavel_failing_runs gauge
gavel_failing_runs{connection="crm",rule="a-rule"} 5
# HELP gavel_issues Issues with runs that are failed now, by state: open or muted.
# TYPE gavel_issues gauge
gavel_issues{state="muted"} 1
gavel_issues{state="open"} 2
# HELP gavel_oldest_due_age_seconds How long the oldest due run has been due; 0 if none is.
# TYPE gavel_oldest_due_age_seconds gauge
gavel_oldest_due_age_seconds 5
# HELP gavel_runs_total Runs that ended, by rule and outcome.
# TYPE gavel_runs_total counter
gavel_runs_total{outcome="failed",rule="a-rule"} 1
# HELP gavel_source_expected_before_timestamp_seconds When the source counts as quiet if no event is received; 0 if none is expected.
# TYPE gavel_source_expected_before_timestamp_seconds gauge
gavel_source_expected_before_timestamp_seconds 1.8e+09
# HELP gavel_source_quiet 1 when the next event from the source is overdue.
# TYPE gavel_source_quiet gauge
gavel_source_quiet 1
# HELP gavel_source_validated_timestamp_seconds When the source last sent developer.webhook.test; 0 when no such event is stored.
# TYPE gavel_source_validated_timestamp_seconds gauge
gavel_source_validated_timestamp_seconds 0
# HELP gavel_waits_changed_total Waiting runs changed by an event of their meeting.
# TYPE gavel_waits_changed_total counter
gavel_waits_changed_total{change="dropped"} 1
gavel_waits_changed_total{change="moved"} 2
gavel_waits_changed_total{change="replaced"} 0
`
	err := testutil.GatherAndCompare(told(t), strings.NewReader(want),
		"gavel_attempts_total", "gavel_connection_breaker", "gavel_connection_paused", "gavel_drift_total", "gavel_events_total",
		"gavel_failing_runs", "gavel_issues", "gavel_oldest_due_age_seconds", "gavel_runs_total", "gavel_waits_changed_total",
		"gavel_source_expected_before_timestamp_seconds", "gavel_source_quiet", "gavel_source_validated_timestamp_seconds")
	if err != nil {
		t.Error(err)
	}
}

func TestNobodyOutsideCanAddSeries(t *testing.T) {
	t.Parallel()
	m := New("1.0.0")
	for i := range 3 * maxRuleLabels {
		m.Took(&event.Event{Envelope: event.Envelope{Type: fmt.Sprintf("made.up.%d", i)}}, event.Receipt{})
		m.RunChanged(&event.Run{Rule: fmt.Sprintf("rule-%d", i), Status: event.StatusSucceeded})
	}
	if n := testutil.CollectAndCount(m.events); n != 1 {
		t.Errorf("%d series of events", n)
	}
	if n := testutil.CollectAndCount(m.runs); n != maxRuleLabels+1 {
		t.Errorf("%d series of runs, want %d and one for the others", n, maxRuleLabels)
	}
}
