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
	barGap      = 3
)

// Chart is a drawing of events received and runs failed over the last day.
type Chart struct {
	Width, Height int
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
	FailY, FailHeight     int // failed runs, drawn in front
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
	c := Chart{Width: chartWidth, Height: chartHeight}
	highest := 4
	for _, b := range spans {
		highest = max(highest, b.Events, b.Failed)
	}
	top := sheet.NiceCeiling(highest)
	scale := func(n int) int {
		h := n * chartHeight / top
		if n > 0 && h < 2 {
			return 2 // even the smallest value is visible
		}
		return h
	}
	step := chartWidth / max(1, len(spans))
	for i, b := range spans {
		h, f := scale(b.Events), scale(b.Failed)
		c.Bars = append(c.Bars, bar{
			X: i*step + barGap/2, Width: step - barGap, Y: chartHeight - h, Height: h,
			FailY: chartHeight - f, FailHeight: f, Start: b.Start, End: b.Start.Add(Span),
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
