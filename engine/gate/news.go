package gate

import "time"

// News is a change of a destination that an operator should know of. It is told
// once, however many runs it concerns.
type News struct {
	Destination string // as in reasons: "connection crm"
	Kind        NewsKind
	Reason      string // empty for Recovered
}

// NewsKind is what has changed.
type NewsKind int

const (
	// Failing: so many calls failed in a row that no others are made for now.
	Failing NewsKind = iota
	// Recovered: a call has succeeded since.
	Recovered
	// Asked: the destination asked for a pause.
	Asked
	// Holding: runs go back to the store, because there are too many for its
	// limits.
	Holding
)

// holdingAgain is how long runs that are held for a destination's limits are
// not news again.
const holdingAgain = 10 * time.Minute

// news remembers what was told of a gate.
type news struct {
	tell    func(News)
	failing bool
	held    time.Time
}

// look returns what is new about the breaker. The caller holds the lock and
// tells it after giving it back.
func (g *Gate) look() (found []News) {
	switch b := &g.breaker; {
	case b.open && !g.news.failing:
		_, reason, _ := g.closed("")
		g.news.failing = true
		found = append(found, News{g.title, Failing, reason})
	case !b.open && g.news.failing:
		g.news.failing = false
		found = append(found, News{Destination: g.title, Kind: Recovered})
	}
	return found
}

// holding returns the news that runs are held, unless that is known: from the
// breaker or a pause, or from a while ago.
func (g *Gate) holding(reason string) (found []News) {
	now := g.now()
	if g.breaker.open || g.paused.After(now) || now.Sub(g.news.held) < holdingAgain {
		return nil
	}
	g.news.held = now
	return []News{{g.title, Holding, reason}}
}

func (g *Gate) tellAll(found []News) {
	for _, n := range found {
		if g.news.tell != nil {
			g.news.tell(n)
		}
	}
}
