package gate

import "time"

// parked is a run that waits at the gate in memory.
type parked struct {
	path     string
	resume   func(*Admission)
	admitted *Admission
}

// pump removes the parked runs that can continue now, with an admission, and
// those that would wait too long, without.
func (g *Gate) pump() []parked {
	var out []parked
	kept := g.parked[:0]
	for i, p := range g.parked {
		wait, _, alone := g.closed(p.path)
		if wait == 0 {
			if p.admitted, wait, _ = g.admit(p.path); p.admitted != nil {
				out = append(out, p)
				continue
			}
		}
		if alone || wait > parkedFor {
			out = append(out, p)
			continue
		}
		kept = append(kept, g.parked[i:]...)
		clear(g.parked[len(kept):])
		g.parked = kept
		g.wakeIn(wait)
		return out
	}
	clear(g.parked)
	g.parked = kept
	return out
}

// wakeIn makes the gate check its parked runs after d. 0 means at the end of a
// call.
func (g *Gate) wakeIn(d time.Duration) {
	if d <= 0 || len(g.parked) == 0 {
		return
	}
	if g.timer != nil {
		g.timer.Stop()
	}
	g.timer = time.AfterFunc(d, func() {
		g.mu.Lock()
		resumed := g.pump()
		g.mu.Unlock()
		resumeAll(resumed)
	})
}

func resumeAll(resumed []parked) {
	for _, p := range resumed {
		p.resume(p.admitted)
	}
}
