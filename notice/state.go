package notice

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
)

// Connection is how a connection is, as this process sees it.
type Connection struct {
	Name  string
	Since time.Time // when it began to fail; zero while it works
	Cause string
}

// Source is how the source of events is.
type Source struct {
	Quiet, Active  bool // neither while that is not known
	Last, Expected time.Time
}

// Rules is the result of the last load of the rules.
type Rules struct {
	Revision string // in effect
	Rules    int
	Errors   int    // of a load that was rejected; 0 otherwise
	First    string // the first of them
}

// Drift is a place where events differ from the documentation.
type Drift struct{ EventType, EventID, Path, Text string }

// mark is what was told of something that has two states.
type mark struct {
	Began  time.Time `json:"began"` // of the family: older ones are out of date
	Number int64     `json:"number"`
	On     bool      `json:"on,omitempty"` // it fails, it is quiet
	Since  time.Time `json:"since,omitzero"`
	// Owner said so, and still did at Seen.
	Owner string    `json:"owner,omitempty"`
	Seen  time.Time `json:"seen,omitzero"`

	fresh bool // it is the first since the family is followed
}

// renew implements the argument of load.
func (m *mark) renew(began time.Time) {
	if !m.Began.Equal(began) {
		*m = mark{Began: began, Number: m.Number, fresh: true}
	}
}

const (
	// seenEvery is how often a process says that a connection still fails for it;
	// goneAfter is when another one may say that it does not.
	seenEvery = time.Minute
	goneAfter = 5 * time.Minute
)

// connections tells which connections keep failing, and which work again.
// Processes see a connection differently: the one that said that it fails says
// that it works again.
func (n *Notices) connections(ctx context.Context) error {
	for _, c := range n.Connections() {
		var m mark
		if err := n.load(ctx, "connections", "connection/"+c.Name, &m); err != nil {
			return err
		}
		now, fails := n.Now().UTC(), !c.Since.IsZero()
		facts := own.Facts{Connection: c.Name, URL: n.link("/connections/" + c.Name)}
		mine := m.Owner == n.Owner || now.Sub(m.Seen) > goneAfter
		switch {
		case fails && !m.On && m.fresh && c.Since.Before(m.Began):
			m.On, m.Since, m.Owner, m.Seen = true, c.Since.UTC(), n.Owner, now // known before anybody asked
		case fails && !m.On:
			m.On, m.Number, m.Since, m.Owner, m.Seen = true, m.Number+1, c.Since.UTC(), n.Owner, now
			facts.Since, facts.Cause = m.Since, c.Cause
			facts.Text = fmt.Sprintf("Connection %s keeps failing (%s); what goes over it is held back and tried again", c.Name, cmp.Or(c.Cause, "for an unknown reason"))
			if err := n.tell(ctx, own.TypeConnectionFailing, c.Name, strconv.FormatInt(m.Number, 10), m.Since, facts); err != nil {
				return err
			}
		case fails && mine && now.Sub(m.Seen) >= seenEvery:
			m.Owner, m.Seen = n.Owner, now
		case !fails && m.On && mine:
			facts.Since = m.Since
			facts.Text = fmt.Sprintf("Connection %s works again; it had failed since %s", c.Name, event.TimeText(m.Since))
			if err := n.tell(ctx, own.TypeConnectionRecovered, c.Name, strconv.FormatInt(m.Number, 10), now, facts); err != nil {
				return err
			}
			m.On = false
		default:
			continue
		}
		if err := n.save(ctx, "connection/"+c.Name, m); err != nil {
			return err
		}
	}
	return nil
}

// pauses tells which connections somebody has paused.
func (n *Notices) pauses(ctx context.Context) error {
	now := map[string]bool{}
	for _, p := range n.Paused() {
		name := p.Key.Connection()
		number := strconv.FormatInt(p.Since.UnixMicro(), 10)
		if name == "" || p.Since.Before(n.began["pauses"]) {
			continue
		}
		id := name + "/" + number
		if now[id] = true; n.told[id] {
			continue
		}
		facts := own.Facts{Connection: name, Since: p.Since.UTC(), By: p.By, URL: n.link("/connections/" + name)}
		if !p.Until.IsZero() {
			facts.Until = p.Until.UTC()
		}
		facts.Text = "The " + p.String()
		if err := n.tell(ctx, own.TypeConnectionPaused, name, number, p.Since, facts); err != nil {
			return err
		}
	}
	n.told = now
	return nil
}

// source tells that no event comes, and that events come again. Processes learn
// of an event at different times: one that knows of a newer one is right.
func (n *Notices) source(ctx context.Context) error {
	s := n.Source()
	if !s.Quiet && !s.Active {
		return nil
	}
	var m mark
	if err := n.load(ctx, "source", "source", &m); err != nil {
		return err
	}
	facts := own.Facts{URL: n.link("/")}
	switch {
	case s.Quiet && !m.On && m.fresh:
		m.On = true // known before anybody asked
	case s.Quiet && !m.On && !s.Last.Before(m.Since):
		m.On, m.Number = true, m.Number+1
		facts.Since, facts.Due = utc(s.Last), utc(s.Expected)
		facts.Text = "No event has come"
		if !s.Last.IsZero() {
			facts.Text += " since " + event.TimeText(s.Last)
		}
		facts.Text += "; check at Cirrus Insight that the endpoint is active"
		if err := n.tell(ctx, own.TypeSourceQuiet, "", strconv.FormatInt(m.Number, 10), cmp.Or(facts.Due, n.Now()), facts); err != nil {
			return err
		}
	case s.Active && m.On && s.Last.After(m.Since):
		facts.Since, facts.Text = utc(m.Since), "Events come again"
		if err := n.tell(ctx, own.TypeSourceBack, "", strconv.FormatInt(m.Number, 10), s.Last, facts); err != nil {
			return err
		}
		m.On = false
	case !m.fresh:
		return nil
	}
	m.Since = utc(s.Last)
	return n.save(ctx, "source", m)
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}

// rules tells of loads that changed something, once for all processes: a process
// speaks when its own rules have changed.
func (n *Notices) rules(ctx context.Context) error {
	r := n.Rules()
	state := r.Revision + "/" + digest(r.First, strconv.Itoa(r.Errors))
	if state == n.handled {
		return nil
	}
	var m rulesMark
	if err := n.load(ctx, "rules", "rules", &m); err != nil {
		return err
	}
	before := m
	facts := own.Facts{Revision: r.Revision, URL: n.link("/rules")}
	rejected := ""
	if r.Errors > 0 {
		rejected = digest(r.Revision, r.First, strconv.Itoa(r.Errors))
	}
	if m.Revision != r.Revision && !m.fresh {
		m.Number++
		facts.Count, facts.Text = r.Rules, fmt.Sprintf("Changed rules have taken effect: %d rules, revision %.12s", r.Rules, r.Revision)
		if err := n.tell(ctx, own.TypeRulesLoaded, "", fmt.Sprintf("%d-%.12s", m.Number, r.Revision), n.Now(), facts); err != nil {
			return err
		}
	}
	if rejected != "" && m.Rejected != rejected && !m.fresh {
		m.Number++
		facts.Count = r.Errors
		facts.Text = fmt.Sprintf("Changed rules have errors (%d), so those of revision %.12s stay in effect: %s", r.Errors, r.Revision, r.First)
		if err := n.tell(ctx, own.TypeRulesRejected, "", fmt.Sprintf("%d-%s", m.Number, rejected), n.Now(), facts); err != nil {
			return err
		}
	}
	m.Revision, m.Rejected = r.Revision, rejected
	if m != before || m.fresh {
		if err := n.save(ctx, "rules", m); err != nil {
			return err
		}
	}
	n.handled = state
	return nil
}

// rulesMark is what was told of the rules.
type rulesMark struct {
	Began    time.Time `json:"began"`
	Number   int64     `json:"number"`
	Revision string    `json:"revision"`
	Rejected string    `json:"rejected,omitempty"`

	fresh bool
}

// renew implements the argument of load.
func (m *rulesMark) renew(began time.Time) {
	if !m.Began.Equal(began) {
		*m = rulesMark{Began: began, Number: m.Number, fresh: true}
	}
}

// Drifted says that events differ from the documentation at a place. It does not
// block.
func (n *Notices) Drifted(d Drift) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.drifts) < mostDrifts {
		n.drifts = append(n.drifts, d)
	}
}

// discard forgets the drift that nobody wants to hear of.
func (n *Notices) discard() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.drifts = nil
}

// drift tells of places of drift. Its id follows from the place, so each is told
// once while its event is stored.
func (n *Notices) drift(ctx context.Context) error {
	n.mu.Lock()
	list := n.drifts
	n.drifts = nil
	n.mu.Unlock()
	for at, d := range list {
		facts := own.Facts{EventType: d.EventType, Event: d.EventID, Path: d.Path, URL: n.link("/events/" + url.PathEscape(d.EventID))}
		facts.Text = fmt.Sprintf("Events of type %s differ from the documentation: %s", d.EventType, d.Text)
		if err := n.tell(ctx, own.TypeSchemaDrift, "", digest(d.EventType, d.Path, d.Text), n.Now(), facts); err != nil {
			for _, later := range list[at:] {
				n.Drifted(later)
			}
			return err
		}
	}
	return nil
}

// digest is short and the same for the same parts.
func digest(parts ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", parts))
	return hex.EncodeToString(sum[:8])
}
