package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

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
	http.Redirect(w, r, target, http.StatusSeeOther)
}
