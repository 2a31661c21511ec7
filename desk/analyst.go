package desk

import (
	"context"
	"maps"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report"
	"github.com/gavel-rules/gavel/report/facts"
)

const (
	// reportTimeout bounds the time to count one report for the console.
	reportTimeout = 20 * time.Second
	// A report is cached for at least reportFor, and for reportRest times as
	// long as it took, so that reports use a small part of the processor.
	reportFor  = 15 * time.Second
	reportRest = 20
	// readAtOnce is how many older events without facts a report reads itself.
	readAtOnce = 4 * event.FactsWidth
	// reportsKept bounds the cached reports.
	reportsKept = 32
)

// Analyst counts reports for the console, one at a time, and caches them.
type Analyst struct {
	desk  *Desk
	hurry func()
	turn  chan struct{} // full while a report is counted
	kept  map[reportOf]keptReport
}

// reportOf is the key of a cached report. since is the beginning of a day, and
// until is 0 for a report up to now.
type reportOf struct {
	since, until int64
	zone         string
	late         time.Duration
	top          int
}

type keptReport struct {
	report *report.Report
	until  time.Time
}

// NewAnalyst returns an Analyst that counts with d. hurry tells whoever keeps the
// facts of events that somebody waits for them; nil when nobody does.
func NewAnalyst(d *Desk, hurry func()) *Analyst {
	return &Analyst{desk: d, hurry: hurry, turn: make(chan struct{}, 1), kept: map[reportOf]keptReport{}}
}

// Counted implements backend.Analyst.
func (x *Analyst) Counted(ctx context.Context, o report.Options) error {
	if x.hurry == nil {
		return nil
	}
	missing, all, err := facts.Behind(ctx, x.desk.Store, o.Since)
	if err != nil || missing <= readAtOnce {
		return err
	}
	x.hurry()
	return &report.Unready{Counted: all - missing, All: all}
}

// Report implements backend.Analyst.
func (x *Analyst) Report(ctx context.Context, o report.Options) (*report.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	select {
	case x.turn <- struct{}{}:
		defer func() { <-x.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	begun := time.Now()
	if !o.Since.IsZero() {
		o.Since = report.StartOfDay(o.Since, zoneOr(o.Zone))
	}
	key := reportOf{o.Since.Unix(), o.Until.Unix(), zoneOr(o.Zone).String(), o.Late, o.Top}
	if begun.Sub(o.Until).Abs() < time.Minute {
		key.until = 0
	}
	maps.DeleteFunc(x.kept, func(_ reportOf, k keptReport) bool { return begun.After(k.until) })
	if k, ok := x.kept[key]; ok {
		return k.report, nil
	}
	r, err := x.desk.Report(ctx, o, nil)
	if ctx.Err() != nil {
		return nil, ctx.Err() // whatever the store returns
	}
	if err != nil {
		return nil, err
	}
	if len(x.kept) < reportsKept {
		now := time.Now()
		x.kept[key] = keptReport{r, now.Add(max(reportFor, reportRest*now.Sub(begun)))}
	}
	return r, nil
}
