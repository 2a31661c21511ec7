package draw

import (
	"fmt"
	"time"
)

// Move is a change of a meeting's time.
type Move struct{ At, From, To time.Time }

// Moves are moves as arrows over one axis of time, one below the other.
type Moves struct {
	Width, Height int
	Arrows        []Arrow
}

// Arrow is one move. Head is the corners of its head.
type Arrow struct {
	Move
	X1, X2, Y int
	Head      string
}

const (
	arrowHigh  = 20
	arrowHead  = 10
	arrowInset = 12
)

// NewMoves draws moves, the first on top.
func NewMoves(moves []Move) Moves {
	out := Moves{Width: lanesWidth, Height: arrowHigh * len(moves)}
	if len(moves) == 0 {
		return out
	}
	first, last := moves[0].From, moves[0].From
	for _, m := range moves {
		for _, t := range []time.Time{m.From, m.To} {
			if t.Before(first) {
				first = t
			}
			if t.After(last) {
				last = t
			}
		}
	}
	at := func(t time.Time) int {
		share := t.Sub(first).Seconds() / max(1, last.Sub(first).Seconds())
		return arrowInset + int(share*(lanesWidth-2*arrowInset))
	}
	for i, m := range moves {
		a := Arrow{Move: m, X1: at(m.From), X2: at(m.To), Y: i*arrowHigh + arrowHigh/2}
		back := a.X2 - arrowHead
		if m.To.Before(m.From) {
			back = a.X2 + arrowHead
		}
		a.Head = fmt.Sprintf("%d,%d %d,%d %d,%d", a.X2, a.Y, back, a.Y-arrowHead/2, back, a.Y+arrowHead/2)
		out.Arrows = append(out.Arrows, a)
	}
	return out
}
