package health

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/event"
)

const (
	// maxDriftPlaces bounds how many places are remembered, because the vendor
	// can add any number of types and fields.
	maxDriftPlaces = 500
	// driftFor is how long drift is shown after it was last seen.
	driftFor = 24 * time.Hour
	// driftShown is how many places one warning names.
	driftShown = 3
)

// Drifts records where the vendor's events differ from the documentation: each
// place once in the log, and recent ones in a warning.
type Drifts struct {
	log *slog.Logger
	now func() time.Time
	// First, if not nil, is called with the first event of each place. It must be
	// set before the first event, and not block.
	First func(ev *event.Event, d event.Drift)

	mu     sync.Mutex
	places map[driftPlace]*driftSeen
}

type driftPlace struct {
	eventType string
	drift     event.Drift
}

type driftSeen struct {
	last   time.Time
	events int
}

// NewDrifts returns an empty record.
func NewDrifts(log *slog.Logger, now func() time.Time) *Drifts {
	return &Drifts{log: log, now: now, places: map[driftPlace]*driftSeen{}}
}

// Took checks an event that was stored.
func (d *Drifts) Took(ev *event.Event) {
	for _, found := range ev.Drift {
		if d.first(driftPlace{ev.Type, found}) {
			d.log.Warn("event differs from the documentation", "event_type", ev.Type, "field", found.Path,
				"expected", found.Want, "got", found.Got, "event_id", ev.ID)
			if d.First != nil {
				d.First(ev, found)
			}
		}
	}
}

func (d *Drifts) first(p driftPlace) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	seen := d.places[p]
	if seen == nil {
		if len(d.places) >= maxDriftPlaces {
			return false
		}
		seen = &driftSeen{}
		d.places[p] = seen
	}
	seen.last = d.now()
	seen.events++
	return seen.events == 1
}

// warning says where recent events differ; empty when nowhere.
func (d *Drifts) warning() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var recent []driftPlace
	for p, seen := range d.places {
		if d.now().Sub(seen.last) < driftFor {
			recent = append(recent, p)
		}
	}
	if len(recent) == 0 {
		return ""
	}
	slices.SortFunc(recent, func(a, b driftPlace) int {
		return cmp.Or(cmp.Compare(d.places[b].events, d.places[a].events),
			cmp.Compare(a.eventType, b.eventType), cmp.Compare(a.drift.String(), b.drift.String()))
	})
	var words []string
	for _, p := range recent[:min(driftShown, len(recent))] {
		words = append(words, fmt.Sprintf("%s in %s (%d)", p.drift, p.eventType, d.places[p].events))
	}
	text := "Events of the last 24 hours differ from the documentation: " + strings.Join(words, "; ")
	if more := len(recent) - driftShown; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text + ". They were accepted. Rules see such a field as missing and can read it under data."
}
