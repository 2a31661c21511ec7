package draw

import "time"

// Bars is a small chart of one number over time.
type Bars struct {
	Width, Height int
	Bars          []Bar
	Top           int // the highest value
}

// Bar is one span of Bars.
type Bar struct {
	X, Y, Width, Height int
	Start               time.Time
	Value               int
}

// Point is a value of Bars.
type Point struct {
	Start time.Time
	Value int
}

const (
	barStep   = 10
	barsHigh  = 40
	barLeast  = 2 // even the smallest value is visible
	barMargin = 2
)

// NewBars draws points; top is the value at the full height, at least 1.
func NewBars(points []Point, top int) Bars {
	b := Bars{Width: barStep * max(1, len(points)), Height: barsHigh, Top: max(1, top)}
	for i, p := range points {
		high := p.Value * barsHigh / b.Top
		if p.Value > 0 {
			high = min(max(high, barLeast), barsHigh)
		}
		b.Bars = append(b.Bars, Bar{X: i*barStep + barMargin/2, Y: barsHigh - high, Width: barStep - barMargin, Height: high, Start: p.Start, Value: p.Value})
	}
	return b
}

// Highest returns the highest value of the points.
func Highest(points []Point) int {
	most := 0
	for _, p := range points {
		most = max(most, p.Value)
	}
	return most
}
