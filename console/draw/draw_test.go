package draw_test

import (
	"testing"
	"time"

	"github.com/gavel-rules/gavel/console/draw"
	"github.com/gavel-rules/gavel/report/history"
)

func TestLanes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	d := draw.NewLanes([]draw.Lane{
		{Name: "a", Marks: []draw.Mark{{At: now.Add(-day)}, {At: now.Add(-time.Hour)}, {At: now.Add(day)}}, Until: now.Add(day)},
		{Name: "b"},
	}, now)
	a := d.Lanes[0]
	if a.Marks[0].X >= a.Marks[1].X || a.Marks[1].X >= d.NowX || d.NowX >= a.Marks[2].X || a.From <= a.Marks[1].X || a.To != a.Marks[2].X || d.Lanes[1].To != 0 {
		t.Errorf("now is at %d, the lanes are %+v", d.NowX, d.Lanes)
	}
	if !d.Ticks[0].Equal(now.Add(-day)) || !d.Ticks[2].Equal(now.Add(day)) {
		t.Errorf("the ticks are %v", d.Ticks)
	}
	var many draw.Lane
	for i := range 500 {
		many.Marks = append(many.Marks, draw.Mark{At: now.Add(time.Duration(i) * time.Minute)})
	}
	for _, m := range draw.NewLanes([]draw.Lane{many}, now).Lanes[0].Marks {
		if m.X < 0 || m.X > 960-12 {
			t.Fatalf("a mark is at %d", m.X)
		}
	}
}

func TestStrip(t *testing.T) {
	t.Parallel()
	s := draw.NewStrip([]history.Hour{{}, {Calls: 5}, {Calls: 5, Failed: 1}, {Calls: 2000, Failed: 1000}}, 1000)
	for i, want := range []int{0, 1, 2, 5} {
		if s.Cells[i].Level != want {
			t.Errorf("hour %d has level %d, want %d", i, s.Cells[i].Level, want)
		}
	}
	if only := draw.NewStrip([]history.Hour{{Calls: 1, Failed: 1}}, 1); only.Cells[0].Level != 5 {
		t.Errorf("the only failure has level %d", only.Cells[0].Level)
	}
}
