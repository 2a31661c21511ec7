package draw

import (
	"math"
	"time"

	"github.com/gavel-rules/gavel/report/history"
)

// Strip is a row of cells, one for each hour, colored by how many calls failed.
type Strip struct {
	Width, Height int
	Cells         []Cell
}

// Cell is one hour of a Strip.
type Cell struct {
	X, Width      int
	Level         int // 0 without calls, 1 without failures, then 2 to 5
	Start         time.Time
	Calls, Failed int
}

const (
	cellWidth  = 20
	cellGap    = 2
	cellHeight = 20
	noCalls    = 0
	allWell    = 1
	mildest    = 2
	worst      = 5
)

// NewStrip draws hours; most is the highest number of failures of any strip
// beside it.
func NewStrip(hours []history.Hour, most int) Strip {
	s := Strip{Width: cellWidth * len(hours), Height: cellHeight}
	for i, h := range hours {
		s.Cells = append(s.Cells, Cell{
			X: i*cellWidth + cellGap/2, Width: cellWidth - cellGap, Level: levelOf(h, most), Start: h.Start, Calls: h.Calls, Failed: h.Failed,
		})
	}
	return s
}

// levelOf goes up with the logarithm, so that one failure can still be told from
// none beside an hour of thousands.
func levelOf(h history.Hour, most int) int {
	switch {
	case h.Failed > 0 && most <= 1:
		return worst
	case h.Failed > 0:
		share := math.Log(float64(h.Failed)) / math.Log(float64(most))
		return min(mildest+int(math.Round(share*(worst-mildest))), worst)
	case h.Calls > 0:
		return allWell
	}
	return noCalls
}
