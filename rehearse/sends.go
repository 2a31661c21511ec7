package rehearse

import (
	"encoding/json"
	"slices"

	"github.com/gavel-rules/gavel/event"
)

// outgoing is what one rule sends for one event.
type outgoing struct {
	requests []request // one for each action
	ended    bool      // nothing will follow
}

type request struct {
	action string
	sent   json.RawMessage
}

// of returns what an action sends.
func (o *outgoing) of(action string) (sent json.RawMessage, ok bool) {
	for i := range o.requests {
		if r := &o.requests[i]; r.action == action {
			return r.sent, true
		}
	}
	return nil, false
}

// pairKey is one rule and one event.
type pairKey struct{ event, rule string }

// pair is what both sides of a back-test send for one event by one rule: now is
// the rules under test, then what they are compared with.
type pair struct {
	now, then outgoing
	ignored   bool // only one side matched, or what it sent is not known
}

// pairs compares what both sides send. It keeps only pairs that have not ended.
type pairs struct {
	open map[pairKey]*pair
	// differ is called for a pair whose sides differ.
	differ func(k pairKey, p *pair)
}

func newPairs(differ func(pairKey, *pair)) *pairs {
	return &pairs{open: map[pairKey]*pair{}, differ: differ}
}

func (p *pairs) of(k pairKey) *pair {
	x := p.open[k]
	if x == nil {
		x = &pair{}
		p.open[k] = x
	}
	return x
}

// look compares the sides once both have ended.
func (p *pairs) look(k pairKey) {
	x := p.open[k]
	if x == nil || !x.now.ended || !x.then.ended {
		return
	}
	delete(p.open, k)
	if !x.ignored && x.changes() != "" {
		p.differ(k, x)
	}
}

// ignore excludes a pair of which one side is missing or unknown.
func (p *pairs) ignore(k pairKey, missing func(*pair) *outgoing) {
	x := p.of(k)
	x.ignored = true
	missing(x).ended = true
	p.look(k)
}

func nowSide(p *pair) *outgoing  { return &p.now }
func thenSide(p *pair) *outgoing { return &p.then }

// sends is one side of pairs; nil records nothing.
type sends struct {
	pairs *pairs
	side  func(*pair) *outgoing
}

func (s *sends) add(run *event.Run, a *event.Attempt) {
	if s == nil {
		return
	}
	if p := s.pairs.of(pairKey{run.EventID, run.Rule}); !p.ignored {
		s.side(p).add(a.ActionID, a.Request)
	}
}

func (s *sends) ended(run *event.Run) {
	if s == nil {
		return
	}
	k := pairKey{run.EventID, run.Rule}
	s.side(s.pairs.of(k)).ended = true
	s.pairs.look(k)
}

func (o *outgoing) add(action string, sent json.RawMessage) {
	for i := range o.requests {
		if r := &o.requests[i]; r.action == action {
			r.sent = sent
			return
		}
	}
	o.requests = append(o.requests, request{action, sent})
}

// changes returns a diff: - is then, + is now. An action is not compared if
// either side's request is unknown, because it depends on a reply or was too
// long to be stored.
func (p *pair) changes() string {
	var was, is []string
	var actions []string
	for _, r := range p.now.requests {
		actions = append(actions, r.action)
	}
	for _, r := range p.then.requests {
		if _, both := p.now.of(r.action); !both {
			actions = append(actions, r.action)
		}
	}
	slices.Sort(actions)
	for _, id := range actions {
		then, sent := p.then.of(id)
		now, sends := p.now.of(id)
		if sent && sends && (unknown(then) || unknown(now)) {
			continue
		}
		if sent {
			was = append(was, requestLines(id, then)...)
		}
		if sends {
			is = append(is, requestLines(id, now)...)
		}
	}
	if slices.Equal(was, is) {
		return ""
	}
	return lineDiff(was, is)
}

// unknown reports whether a request is not stored in full.
func unknown(raw json.RawMessage) bool {
	return len(raw) == 0 || event.Clipped(raw)
}

func requestLines(id string, raw json.RawMessage) []string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return []string{id + ": " + string(raw)}
	}
	return append([]string{id + ":"}, prettyLines(v)...)
}
