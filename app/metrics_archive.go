package app

import "github.com/prometheus/client_golang/prometheus"

// archiveMetrics tell of the archive; nil means that there is none, so that
// nothing goes wrong with it.
func archiveMetrics(x *archiver) []prometheus.Collector {
	if x == nil {
		x = &archiver{}
	}
	read := func(what func() float64) func() float64 {
		return func() float64 {
			x.mu.Lock()
			defer x.mu.Unlock()
			return what()
		}
	}
	return []prometheus.Collector{
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Namespace: namespace, Name: "archived_events_total", Help: "Events moved from the database to the archive.",
		}, read(func() float64 { return float64(x.moved) })),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: namespace, Name: "archive_up", Help: "1 when old events could be archived the last time, 0 when they could not.",
		}, read(func() float64 { return flag(x.problem == "") })),
	}
}
