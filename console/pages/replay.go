package pages

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/pages/frame"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

// replayView is the page that asks for confirmation before a replay.
type replayView struct {
	Record *event.Record
	Row    eventRow
	Rule   string // limits the replay; empty means all
	Plan   *api.Replay
}

// replayPage shows what a replay would start. Its form has a key, so that
// pressing the button twice starts nothing more.
func (p *Pages) replayPage(w http.ResponseWriter, r *http.Request) {
	id, rule := query.PathValue(r, "id"), r.URL.Query().Get("rule")
	rec, err := p.Ledger.Event(r.Context(), id)
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	plan, err := p.Desk.Replay(r.Context(), id, api.ReplayRequest{Rule: rule}, access.ByPage(r))
	if err != nil {
		p.notReplayed(w, r, err)
		return
	}
	p.render(w, r, http.StatusOK, "replay", "Replay", replayView{rec, rowOf(rec), rule, plan})
}

// replayFromPage starts what the page has shown.
func (p *Pages) replayFromPage(w http.ResponseWriter, r *http.Request) {
	if !p.Form(w, r) {
		return
	}
	id := query.PathValue(r, "id")
	request := api.ReplayRequest{
		Rule: r.PostFormValue("rule"), Key: r.PostFormValue("key"), Revision: r.PostFormValue("revision"), Confirm: true,
	}
	if _, err := p.Desk.Replay(r.Context(), id, request, access.ByPage(r)); err != nil {
		p.notReplayed(w, r, err)
		return
	}
	http.Redirect(w, r, query.EventPath(id)+"?done="+url.QueryEscape("replay"), http.StatusSeeOther)
}

func (p *Pages) notReplayed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, event.ErrConflict) || errors.Is(err, event.ErrInvalid) {
		p.Fault(w, r, answer.StatusOf(err), "Nothing was started", frame.Sentence(err)+" Go back to the event to see its current state.")
		return
	}
	p.faultOf(w, r, err)
}
