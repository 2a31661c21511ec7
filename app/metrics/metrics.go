package metrics

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/receiver"
)

// otherLabel replaces every value that is not known in advance, so that
// senders cannot add time series.
const otherLabel = "other"

// Metrics are the counters of one Gavel on a registry of their own. They
// observe the receiver and the engine.
type Metrics struct {
	registry *prometheus.Registry
	types    []string // event types with a label of their own
	rules    *labelSet

	events     *prometheus.CounterVec
	drift      *prometheus.CounterVec
	refused    *prometheus.CounterVec
	intake     prometheus.Histogram
	runs       *prometheus.CounterVec
	attempts   *prometheus.CounterVec
	sending    *prometheus.HistogramVec
	followed   *prometheus.CounterVec
	claimed    prometheus.Counter
	claimTimes prometheus.Histogram
	batches    prometheus.Histogram
	commits    prometheus.Histogram
}

// New returns counters at zero; version becomes a label of build_info.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(), types: event.Types(), rules: newLabelSet(maxRuleLabels),
		events:  counter("events_total", "Events received with a valid signature, by type and outcome.", "type", "outcome"),
		drift:   counter("drift_total", "Fields of accepted events that differ from the documentation, by event type and field.", "type", "field"),
		refused: counter("rejections_total", "Requests rejected by the receiver, by reason.", "reason"),
		intake: histogram("intake_seconds", "Time from the start of a request to its response, for stored events.",
			[]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}),
		runs:     counter("runs_total", "Runs that ended, by rule and outcome.", "rule", "outcome"),
		attempts: counter("attempts_total", "Action attempts, by action kind, outcome and cause of failure.", "kind", "outcome", "cause"),
		sending: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "attempt_seconds", Help: "Duration of an action attempt, by action kind.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"kind"}),
		followed: counter("waits_changed_total", "Waiting runs changed by an event of their meeting.", "change"),
		claimed:  prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: "claimed_runs_total", Help: "Due runs claimed from the store."}),
		claimTimes: histogram("claim_seconds", "Time of one query for due runs.",
			[]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}),
		batches: histogram("commit_batch_size", "Events and run steps in one commit.",
			[]float64{1, 2, 4, 8, 16, 32, 64, 128, 256}),
		commits: histogram("commit_seconds", "Time of a transaction that stores events and run steps, including the commit.",
			[]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 15}),
	}
	m.registry.MustRegister(
		m.events, m.drift, m.refused, m.intake, m.runs, m.attempts, m.sending, m.followed, m.claimed, m.claimTimes, m.batches, m.commits,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.startAtZero(version)
	return m
}

const namespace = "gavel"

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets})
}

// startAtZero makes series exist before their first event, so that an alert on
// an increase sees the first one.
func (m *Metrics) startAtZero(version string) {
	for _, reason := range receiver.Reasons() {
		m.refused.WithLabelValues(string(reason))
	}
	m.drift.WithLabelValues(otherLabel, event.OtherField)
	for _, change := range []string{"moved", "dropped", "replaced"} {
		m.followed.WithLabelValues(change)
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "Always 1; the version is in the label.",
	}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	m.registry.MustRegister(build)
}

// Handler serves /metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry, EnableOpenMetrics: true})
}

// Gather implements prometheus.Gatherer.
func (m *Metrics) Gather() ([]*dto.MetricFamily, error) { return m.registry.Gather() }

// Gauge adds a value that is read at each scrape.
func (m *Metrics) Gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, value))
}

// Flag adds a gauge that is 1 while is returns true, and 0 otherwise.
func (m *Metrics) Flag(name, help string, is func() bool) {
	m.Gauge(name, help, func() float64 { return flag(is()) })
}

// Counter adds a value that only grows and is read at each scrape.
func (m *Metrics) Counter(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, value))
}

// Took counts one event that was stored or was there already.
func (m *Metrics) Took(ev *event.Event, receipt event.Receipt) {
	outcome := "accepted"
	switch {
	case receipt.Differs:
		outcome = "differs"
	case receipt.Duplicate:
		outcome = "duplicate"
	case receipt.Late:
		outcome = "late"
	}
	label := m.typeLabel(ev.Type)
	m.events.WithLabelValues(label, outcome).Inc()
	if receipt.Duplicate {
		return
	}
	for _, d := range ev.Drift {
		m.drift.WithLabelValues(label, d.Field()).Inc()
	}
}

func (m *Metrics) typeLabel(eventType string) string {
	if slices.Contains(m.types, eventType) {
		return eventType
	}
	return otherLabel
}

// Accepted implements receiver.Observer.
func (m *Metrics) Accepted(took time.Duration) { m.intake.Observe(took.Seconds()) }

// Duplicate implements receiver.Observer.
func (m *Metrics) Duplicate(took time.Duration) { m.intake.Observe(took.Seconds()) }

// Rejected implements receiver.Observer.
func (m *Metrics) Rejected(reason receiver.Reason, _ time.Duration) {
	m.refused.WithLabelValues(string(reason)).Inc()
}

// EventTaken implements engine.Observer.
func (m *Metrics) EventTaken(_ *event.Event, receipt event.Receipt, _ int) {
	m.followed.WithLabelValues("moved").Add(float64(receipt.Moved))
	m.followed.WithLabelValues("dropped").Add(float64(receipt.Dropped))
	m.followed.WithLabelValues("replaced").Add(float64(receipt.Replaced))
}

// AttemptEnded implements engine.Observer.
func (m *Metrics) AttemptEnded(_ *event.Run, a *event.Attempt) {
	if a.Action < 0 {
		return // about the run as a whole
	}
	m.attempts.WithLabelValues(a.Kind, string(a.Outcome), string(a.Cause)).Inc()
	if sent := a.Outcome == event.OutcomeSucceeded || a.Cause != ""; sent {
		m.sending.WithLabelValues(a.Kind).Observe(a.Ended.Sub(a.Started).Seconds())
	}
}

// RunChanged implements engine.Observer.
func (m *Metrics) RunChanged(run *event.Run) {
	if run.Status.Done() {
		m.runs.WithLabelValues(m.rules.label(run.Rule), string(run.Status)).Inc()
	}
}

// Claimed implements engine.Observer.
func (m *Metrics) Claimed(count int, took time.Duration) {
	m.claimed.Add(float64(count))
	m.claimTimes.Observe(took.Seconds())
}

// Committed is notified of each commit of the store.
func (m *Metrics) Committed(operations int, took time.Duration) {
	m.batches.Observe(float64(operations))
	m.commits.Observe(took.Seconds())
}

// maxRuleLabels bounds the rules shown by name over the life of a process,
// edits included.
const maxRuleLabels = 1000

// labelSet accepts a limited number of values.
type labelSet struct {
	limit int
	mu    sync.RWMutex
	known map[string]bool
}

func newLabelSet(limit int) *labelSet { return &labelSet{limit: limit, known: map[string]bool{}} }

func (s *labelSet) label(value string) string {
	s.mu.RLock()
	known := s.known[value]
	s.mu.RUnlock()
	if known {
		return value
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= s.limit && !s.known[value] {
		return otherLabel
	}
	s.known[value] = true
	return value
}
