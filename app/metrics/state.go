package metrics

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gavel-rules/gavel/engine/gate"
	"github.com/gavel-rules/gavel/engine/vitals"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/live"
	"github.com/gavel-rules/gavel/watchdog"
)

// State reads current values; it is asked at each scrape.
type State struct {
	Counts      func(context.Context) (event.Counts, error)
	Issues      func(context.Context) ([]*event.Issue, error) // with failing runs
	Connections func() []gate.State
	Rules       func() live.Status
	Source      func() watchdog.Report
	Troubles    func() vitals.Troubles
	Paused      func() []event.Pause // may be nil
	Now         func() time.Time
}

// state is a prometheus.Collector of the stored runs, the connections and the
// rules in force.
type state struct {
	State
	stored, runs, oldest, issues, failing        *prometheus.Desc
	inFlight, maxInFlight, parked, paused, broke *prometheus.Desc
	ruleCount, loadOK, loadTime, loads, failures *prometheus.Desc
	readable                                     *prometheus.Desc
	quiet, lastEvent, expected, validated, burst *prometheus.Desc
	refused, unrecorded, stuck, held             *prometheus.Desc
}

// Watch adds the current values.
func (m *Metrics) Watch(of State) { m.registry.MustRegister(newState(of)) }

func newState(of State) *state {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
	}
	return &state{
		State:       of,
		readable:    desc("store_up", "1 if the store can be read."),
		stored:      desc("stored_events", "Events in the store."),
		runs:        desc("stored_runs", "Runs in the store, by status.", "status"),
		issues:      desc("issues", "Issues with runs that are failed now, by state: open or muted.", "state"),
		failing:     desc("failing_runs", "Runs of open issues that are failed now, by rule and connection.", "rule", "connection"),
		oldest:      desc("oldest_due_age_seconds", "How long the oldest due run has been due; 0 if none is."),
		inFlight:    desc("connection_in_flight", "Calls in flight, by connection.", "connection"),
		maxInFlight: desc("connection_in_flight_limit", "Maximum calls in flight, by connection.", "connection"),
		parked:      desc("connection_parked", "Runs waiting in memory for their turn, by connection.", "connection"),
		paused:      desc("connection_paused", "1 while the destination has asked to wait (429 or Retry-After), by connection.", "connection"),
		broke:       desc("connection_breaker", "1 for the current state of the circuit breaker: closed (working), open (paused after failures), half-open (testing).", "connection", "state"),
		quiet:       desc("source_quiet", "1 when the next event from the source is overdue."),
		lastEvent:   desc("source_last_event_timestamp_seconds", "When the newest stored event was received; 0 if none."),
		expected:    desc("source_expected_before_timestamp_seconds", "When the source counts as quiet if no event is received; 0 if none is expected."),
		validated:   desc("source_validated_timestamp_seconds", "When the source last sent developer.webhook.test; 0 when no such event is stored."),
		burst:       desc("source_signature_burst", "1 while most requests to this process have a bad signature."),
		refused:     desc("refused_records_total", "Updates of runs that the store rejected."),
		unrecorded:  desc("unrecorded_runs", "Runs whose updates the store rejects, including the one to failed."),
		stuck:       desc("stuck_runs", "Runs that cannot start because their rules or event cannot be read."),
		held:        desc("paused", "1 while somebody has paused it: kind all, rule or connection, and its name.", "kind", "name"),
		ruleCount:   desc("rules", "Rules in force."),
		loadOK:      desc("rules_reload_success", "1 if the rules in force match those on disk, 0 if those on disk have errors."),
		loadTime:    desc("rules_loaded_timestamp_seconds", "When the rules in force were loaded."),
		loads:       desc("rules_loads_total", "Loads that activated new rules."),
		failures:    desc("rules_load_failures_total", "Loads that failed and kept the old rules."),
	}
}

// Describe implements prometheus.Collector.
func (s *state) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		s.readable, s.stored, s.runs, s.oldest, s.issues, s.failing, s.inFlight, s.maxInFlight, s.parked, s.paused, s.broke,
		s.ruleCount, s.loadOK, s.loadTime, s.loads, s.failures,
		s.quiet, s.lastEvent, s.expected, s.validated, s.burst, s.refused, s.unrecorded, s.stuck, s.held,
	} {
		out <- d
	}
}

// scrapeTimeout bounds the store queries of one scrape.
const scrapeTimeout = 5 * time.Second

// Collect implements prometheus.Collector.
func (s *state) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	counts, err := s.Counts(ctx)
	gauge(s.readable, flag(err == nil))
	if err == nil {
		gauge(s.stored, float64(counts.Events))
		for _, status := range event.Statuses() {
			gauge(s.runs, float64(counts.Runs[status]), string(status))
		}
		gauge(s.oldest, max(0, s.age(counts.OldestDue)))
	}
	s.collectIssues(ctx, gauge)
	for _, c := range s.Connections() {
		gauge(s.inFlight, float64(c.InFlight), c.Name)
		gauge(s.maxInFlight, float64(c.MaxInFlight), c.Name)
		gauge(s.parked, float64(c.Parked), c.Name)
		gauge(s.paused, flag(c.PausedUntil.After(s.Now())), c.Name)
		for _, name := range []string{"closed", "half-open", "open"} {
			gauge(s.broke, flag(c.Breaker == name), c.Name, name)
		}
	}
	source := s.Source()
	gauge(s.quiet, flag(source.State == watchdog.Quiet))
	gauge(s.lastEvent, seconds(source.LastEvent))
	gauge(s.expected, seconds(source.ExpectedBefore))
	gauge(s.validated, seconds(source.Validated))
	gauge(s.burst, flag(source.Signatures.On))
	troubles := s.Troubles()
	out <- prometheus.MustNewConstMetric(s.refused, prometheus.CounterValue, float64(troubles.Refused))
	gauge(s.unrecorded, float64(troubles.Unrecorded))
	gauge(s.stuck, float64(troubles.Stuck))
	var paused []event.Pause
	if s.Paused != nil {
		paused = s.Paused()
	}
	if !slices.ContainsFunc(paused, func(p event.Pause) bool { return p.Key == event.PauseAll }) {
		gauge(s.held, 0, string(event.PauseAll), "")
	}
	for _, p := range paused {
		kind, name, _ := strings.Cut(string(p.Key), "/")
		gauge(s.held, 1, kind, name)
	}
	load := s.Rules()
	gauge(s.ruleCount, float64(load.Rules))
	gauge(s.loadOK, flag(load.OK))
	gauge(s.loadTime, seconds(load.LoadedAt))
	out <- prometheus.MustNewConstMetric(s.loads, prometheus.CounterValue, float64(load.Loads))
	out <- prometheus.MustNewConstMetric(s.failures, prometheus.CounterValue, float64(load.Failures))
}

// collectIssues counts what is failed now. Rules and connections come from the
// rules files, so the labels are bounded.
func (s *state) collectIssues(ctx context.Context, gauge func(*prometheus.Desc, float64, ...string)) {
	failing, err := s.Issues(ctx)
	if err != nil {
		return
	}
	type place struct{ rule, connection string }
	states, runs := map[event.IssueState]int{}, map[place]int64{}
	for _, i := range failing {
		state := i.State(s.Now())
		states[state]++
		if state == event.IssueOpen {
			runs[place{i.Rule, i.Connection}] += i.Failing
		}
	}
	gauge(s.issues, float64(states[event.IssueOpen]), string(event.IssueOpen))
	gauge(s.issues, float64(states[event.IssueMuted]), string(event.IssueMuted))
	if len(runs) > maxRuleLabels { // rules that were removed long ago
		runs = map[place]int64{}
		for _, i := range failing {
			if i.State(s.Now()) == event.IssueOpen {
				runs[place{otherLabel, ""}] += i.Failing
			}
		}
	}
	for at, n := range runs {
		gauge(s.failing, float64(n), at.rule, at.connection)
	}
}

func (s *state) age(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return s.Now().Sub(t).Seconds()
}

// seconds returns a time as Prometheus writes it; 0 for the zero time.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

func flag(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
