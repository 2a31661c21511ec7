package sheet

import (
	"fmt"
	"math"
	"time"

	"github.com/gavel-rules/gavel/report"
)

// Sizes in SVG units; the page scales them.
const (
	plotWidth  = 960
	plotHeight = 180
	barWidth   = 200 // of bars in tables
	// mostBars is how many days are drawn one by one; more are drawn by week.
	mostBars = 100
)

// view is a report prepared for the templates.
type view struct {
	*report.Report
	Empty     bool
	Until     string // local time in the zone
	Days      daysPlot
	Lead      leadPlot
	FollowUps followPlot
	Groups    []groupTable
}

// daysPlot is the plot of events by day.
type daysPlot struct {
	Width, Height int
	ByWeek        bool
	Bars          []dayBar
	Lines         []line
	Ticks         []tick
	Rows          []report.Day // newest first, without empty days
}

type dayBar struct {
	X, Width int
	Title    string
	Parts    []part
}

// part is one colour of a bar.
type part struct {
	Class               string
	X, Y, Width, Height int
}

type line struct{ Y, Label int }

type tick struct {
	X     int
	Label string
}

type leadPlot struct {
	Width, Height int
	Bars          []leadBar
	Lines         []line
}

type leadBar struct {
	X, Width, Y, Height, Middle int
	Bin                         report.Bin
	Share                       float64
}

type followPlot struct {
	Width int
	Parts []followPart
}

type followPart struct {
	Class, Word string
	N, X, Width int
	Share       float64
}

type groupTable struct {
	Title, Column string
	Rows          []groupRow
	Others        *groupRow
	OtherNames    int
}

type groupRow struct {
	report.Group
	Parts []part
}

func newView(r *report.Report) *view {
	v := &view{Report: r, Until: r.To.In(r.From.Location()).Format("2 Jan 2006, 15:04"), Empty: r.Totals.All() == 0 && r.FollowUps.All() == 0,
		Days: newDays(r.Days), Lead: newLead(r.Lead), FollowUps: newFollow(r.FollowUps.FollowUpCounts),
	}
	v.Groups = []groupTable{newGroups("By owner", "Owner", r.Owners), newGroups("By calendar", "Calendar", r.Calendars)}
	return v
}

func newDays(days []report.Day) daysPlot {
	p := daysPlot{Width: plotWidth, Height: plotHeight}
	for i := len(days) - 1; i >= 0; i-- {
		if days[i].All() > 0 {
			p.Rows = append(p.Rows, days[i])
		}
	}
	bars := days
	if len(days) > mostBars {
		p.ByWeek, bars = true, weeks(days)
	}
	highest := 4
	for _, d := range bars {
		highest = max(highest, d.All())
	}
	top := NiceCeiling(highest)
	step := float64(plotWidth) / float64(max(1, len(bars)))
	for i, d := range bars {
		x, next := int(float64(i)*step), int(float64(i+1)*step)
		gap := 1
		if step > 12 {
			gap = 4
		}
		b := dayBar{X: x, Width: max(1, next-x-gap), Title: fmt.Sprintf("%s: %s booked, %s moved, %s canceled", dayTitle(d.Date, p.ByWeek), number(d.Booked), number(d.Moved), number(d.Canceled))}
		y := plotHeight
		for _, s := range []struct {
			class string
			n     int
		}{{"booked", d.Booked}, {"moved", d.Moved}, {"canceled", d.Canceled}} {
			h := s.n * plotHeight / top
			if s.n > 0 {
				h = max(h, 2) // stays visible
			}
			y -= h
			if h > 0 {
				b.Parts = append(b.Parts, part{Class: s.class, X: b.X, Y: y, Width: b.Width, Height: h})
			}
		}
		p.Bars = append(p.Bars, b)
	}
	// At most 8, evenly spaced.
	for n, i := min(8, len(bars)), 0; i < n; i++ {
		at := i * len(bars) / n
		p.Ticks = append(p.Ticks, tick{int(float64(at) * step), shortDay(bars[at].Date)})
	}
	p.Lines = lines(top)
	return p
}

// weeks sums days in groups of seven.
func weeks(days []report.Day) []report.Day {
	var out []report.Day
	for i, d := range days {
		if i%7 == 0 {
			out = append(out, report.Day{Date: d.Date})
		}
		w := &out[len(out)-1]
		w.Booked += d.Booked
		w.Moved += d.Moved
		w.Canceled += d.Canceled
		w.CanceledLate += d.CanceledLate
	}
	return out
}

func dayTitle(date string, week bool) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	if week {
		return "7 days from " + t.Format("2 Jan 2006")
	}
	return t.Format("Mon 2 Jan 2006")
}

func shortDay(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.Format("2 Jan")
}

func lines(top int) []line {
	return []line{{0, top}, {plotHeight / 2, top / 2}}
}

// NiceCeiling is the next of 4, 10, 20, 40, 100, …, so that half of it is a
// round number too.
func NiceCeiling(n int) int {
	for base := 1; base < math.MaxInt/100; base *= 10 {
		for _, step := range []int{4, 10, 20} {
			if c := step * base; c >= n {
				return c
			}
		}
	}
	return n
}

func newLead(l report.Lead) leadPlot {
	p := leadPlot{Width: plotWidth, Height: plotHeight}
	highest := 4
	for _, b := range l.Histogram {
		highest = max(highest, b.Meetings)
	}
	top := NiceCeiling(highest)
	step := plotWidth / max(1, len(l.Histogram))
	for i, b := range l.Histogram {
		h := b.Meetings * plotHeight / top
		if b.Meetings > 0 {
			h = max(h, 2)
		}
		bar := leadBar{X: i*step + 6, Width: step - 12, Y: plotHeight - h, Height: h, Middle: i*step + step/2, Bin: b}
		if l.Meetings > 0 {
			bar.Share = float64(b.Meetings) / float64(l.Meetings)
		}
		p.Bars = append(p.Bars, bar)
	}
	p.Lines = lines(top)
	return p
}

func newFollow(c report.FollowUpCounts) followPlot {
	p := followPlot{Width: plotWidth}
	all := c.All()
	x := 0
	for _, s := range []struct {
		class, word string
		n           int
	}{{"sent", "sent", c.Sent}, {"dropped", "dropped", c.Dropped}, {"failed", "failed", c.Failed}, {"skipped", "skipped", c.Skipped}, {"waiting", "still waiting", c.Waiting}} {
		f := followPart{Class: s.class, Word: s.word, N: s.n, X: x}
		if all > 0 {
			f.Share = float64(s.n) / float64(all)
			f.Width = int(math.Round(f.Share * plotWidth))
			if s.n > 0 {
				f.Width = max(f.Width, 3)
			}
		}
		x += f.Width
		p.Parts = append(p.Parts, f)
	}
	return p
}

func newGroups(title, column string, g report.Groups) groupTable {
	t := groupTable{Title: title, Column: column, OtherNames: g.OtherNames}
	highest := 1
	for _, group := range g.Top {
		highest = max(highest, group.All())
	}
	for _, group := range g.Top {
		t.Rows = append(t.Rows, groupRow{group, split(group.Counts, highest)})
	}
	if g.OtherNames > 0 {
		t.Others = &groupRow{Group: report.Group{Counts: g.Others}}
	}
	return t
}

// split returns the bar of one row.
func split(c report.Counts, highest int) []part {
	var parts []part
	x := 0
	for _, s := range []struct {
		class string
		n     int
	}{{"booked", c.Booked}, {"moved", c.Moved}, {"canceled", c.Canceled}} {
		w := s.n * barWidth / highest
		if s.n > 0 {
			w = max(w, 2)
		}
		if w > 0 {
			parts = append(parts, part{Class: s.class, X: x, Width: w})
		}
		x += w
	}
	return parts
}
