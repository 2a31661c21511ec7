package draw

import (
	"slices"
	"time"
)

// Mark is a moment in a lane. Kind is what it is drawn as.
type Mark struct {
	At         time.Time
	Kind, Text string
}

// Lane is the marks of one name, in order. Until, if set, is what it waits for.
type Lane struct {
	Name  string
	Marks []Mark
	Until time.Time
}

// Lanes are lanes with one axis. It has a step for each moment rather than for
// each hour: what happens to a meeting happens in seconds, weeks apart.
type Lanes struct {
	Width, Height, MarkWidth int
	Lanes                    []DrawnLane
	NowX                     int
	Ticks                    []time.Time // first, now and last
}

// DrawnLane is a lane with its places.
type DrawnLane struct {
	Name  string
	Marks []DrawnMark
	// From and To are where the line of a wait begins and ends; To is 0 without.
	From, To int
}

// DrawnMark is a mark with its place.
type DrawnMark struct {
	Mark
	X int
}

const (
	lanesWidth = 960
	laneHeight = 24
	markWidth  = 12
	slotsMost  = 60 // more moments share places
)

// NewLanes draws lanes.
func NewLanes(lanes []Lane, now time.Time) Lanes {
	moments := []time.Time{now.Truncate(time.Second)}
	for _, l := range lanes {
		for _, m := range l.Marks {
			moments = append(moments, m.At.Truncate(time.Second))
		}
		if !l.Until.IsZero() {
			moments = append(moments, l.Until.Truncate(time.Second))
		}
	}
	slices.SortFunc(moments, time.Time.Compare)
	moments = slices.CompactFunc(moments, time.Time.Equal)
	at := func(t time.Time) int {
		i, _ := slices.BinarySearchFunc(moments, t.Truncate(time.Second), time.Time.Compare)
		steps := min(len(moments), slotsMost)
		slot := i * steps / len(moments)
		return markWidth/2 + slot*(lanesWidth-2*markWidth)/max(1, steps-1)
	}
	out := Lanes{Width: lanesWidth, Height: laneHeight, MarkWidth: markWidth, NowX: at(now) + markWidth/2, Ticks: []time.Time{moments[0], now, moments[len(moments)-1]}}
	for _, l := range lanes {
		d := DrawnLane{Name: l.Name}
		for _, m := range l.Marks {
			d.Marks = append(d.Marks, DrawnMark{m, at(m.At)})
			if m.At.Before(l.Until) {
				d.From = at(m.At) + markWidth/2
			}
		}
		if !l.Until.IsZero() {
			d.To = at(l.Until)
		}
		out.Lanes = append(out.Lanes, d)
	}
	return out
}
