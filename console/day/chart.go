package day

import (
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/report/sheet"
)

// The chart of the last day, in its own units; the page scales it.
const (
	chartWidth  = 960
	chartHeight = 160
	failHeight  = 40
	barGap      = 3
)

// Chart is a drawing of events received over the last day, and one of runs failed
// below it, each with a scale of its own.
type Chart struct {
	Width, Height int
	FailHeight    int // of the drawing of failed runs
	MostFailed    int // in one span
	Bars          []bar
	Lines         []gridLine
	Labels        []axisLabel
	Events        int
	Failed        int
}

// bar is one half hour.
type bar struct {
	X, Width              int
	Y, Height             int // events
	FailY, FailHeight     int // failed runs, in their own drawing
	Start, End            time.Time
	Events, Done, Failing int
}

type gridLine struct {
	Y     int
	Label int
}

type axisLabel struct {
	X  int
	At time.Time
}

// NewChart draws the spans of a day.
func NewChart(spans []api.DaySpan) Chart {
	c := Chart{Width: chartWidth, Height: chartHeight, FailHeight: failHeight}
	highest := 4
	for _, b := range spans {
		highest, c.MostFailed = max(highest, b.Events), max(c.MostFailed, b.Failed)
	}
	top := sheet.NiceCeiling(highest)
	step := chartWidth / max(1, len(spans))
	for i, b := range spans {
		h, f := scale(b.Events, top, chartHeight), scale(b.Failed, c.MostFailed, failHeight)
		c.Bars = append(c.Bars, bar{
			X: i*step + barGap/2, Width: step - barGap, Y: chartHeight - h, Height: h,
			FailY: failHeight - f, FailHeight: f, Start: b.Start, End: b.Start.Add(Span),
			Events: b.Events, Done: b.Succeeded, Failing: b.Failed,
		})
		c.Events += b.Events
		c.Failed += b.Failed
		if i%8 == 0 {
			c.Labels = append(c.Labels, axisLabel{i * step, b.Start})
		}
	}
	for _, part := range []int{2, 1} {
		n := top * part / 2
		c.Lines = append(c.Lines, gridLine{chartHeight - n*chartHeight/top, n})
	}
	return c
}

// scale returns how high n is drawn when top has the full height.
func scale(n, top, height int) int {
	if n == 0 {
		return 0
	}
	return max(n*height/top, 2) // even the smallest value is visible
}
