package pages

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

// searchPage redirects to the event, run or meeting with exactly this id, or
// to the list of events that contain the text.
func (p *Pages) searchPage(w http.ResponseWriter, r *http.Request) {
	text := strings.TrimSpace(r.URL.Query().Get("q"))
	if text == "" || len(text) > query.MaxFilter {
		http.Redirect(w, r, "/events", http.StatusSeeOther)
		return
	}
	ctx := r.Context()
	target := "/events?" + url.Values{"q": {text}}.Encode()
	if _, err := p.Ledger.Event(ctx, text); err == nil {
		target = query.EventPath(text)
	} else if errors.Is(err, event.ErrConflict) {
		// Several organizations use the id: the list has all of them.
	} else if !errors.Is(err, event.ErrNotFound) {
		p.faultOf(w, r, err)
		return
	} else if _, err := p.Ledger.Run(ctx, text); err == nil {
		target = query.RunPath(text)
	} else if _, err := p.Ledger.Meeting(ctx, text); err == nil {
		target = query.MeetingPath(text)
	}
	if strings.HasPrefix(target, "/events?") {
		v, err := p.named(ctx, text)
		if err != nil {
			p.faultOf(w, r, err)
			return
		}
		switch {
		case v.Exact != "":
			target = v.Exact
		case len(v.Rules) > 0 || len(v.Connections) > 0 || len(v.Events) == 0 && !v.More:
			p.render(w, r, http.StatusOK, "search", "Search", v)
			return
		}
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// searchView is what a text may mean besides an id.
type searchView struct {
	Text               string
	Exact              string // the page of the rule or connection with this name
	Rules, Connections []string
	Events             []*event.Record // the newest
	More               bool            // there may be more events
	Looked             *lookedView
	First              time.Time // when the oldest stored event was received
}

// searchShown is how many hits of a kind the page lists.
const searchShown = 20

// named looks for rules, connections and events with a text.
func (p *Pages) named(ctx context.Context, text string) (*searchView, error) {
	v := &searchView{Text: text}
	var rules, connections []string
	for _, r := range p.Rules.Rules() {
		rules = append(rules, r.Name)
	}
	for _, c := range p.Rules.Connections() {
		connections = append(connections, c.Name)
	}
	isRule, isConnection := slices.Contains(rules, text), slices.Contains(connections, text)
	switch {
	case isRule && !isConnection:
		v.Exact = query.RulePath(text)
		return v, nil
	case isConnection && !isRule:
		v.Exact = query.ConnectionPath(text)
		return v, nil
	}
	v.Rules, v.Connections = similar(text, rules), similar(text, connections)
	q, err := query.ParseEvents(url.Values{"q": {text}}, p.Now())
	if err != nil {
		return nil, err
	}
	q.Limit = searchShown
	list, err := query.FindEvents(ctx, p.Ledger, q)
	if err != nil {
		return nil, err
	}
	v.Events, v.More = list.Events, list.Next != ""
	if v.Looked, err = p.looked(ctx, list, false, false); err != nil {
		return nil, err
	}
	oldest, err := p.Ledger.Events(ctx, event.EventFilter{OldestFirst: true, Limit: 1})
	if err == nil && len(oldest) > 0 {
		v.First = oldest[0].Event.Received
	}
	return v, err
}

// lookedView says how many events a search has looked through.
type lookedView struct {
	// Events is 0 when it has looked through all, or all since a time.
	Events, Stored int64
	Older, Since   bool // it began below the newest, it ended at a time
}

func (p *Pages) looked(ctx context.Context, list query.EventList, older, since bool) (*lookedView, error) {
	counts, err := p.Ledger.Counts(ctx)
	if err != nil {
		return nil, err
	}
	return &lookedView{Events: min(list.Looked, counts.Events), Stored: counts.Events, Older: older, Since: since}, nil
}

// similar returns the names that contain a text, in any case and however its
// words are separated.
func similar(text string, names []string) []string {
	var found []string
	wanted := letters(text)
	for _, name := range names {
		if wanted != "" && len(found) < searchShown && strings.Contains(letters(name), wanted) {
			found = append(found, name)
		}
	}
	return found
}

// letters returns the letters and digits of a text, in lower case.
func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}
