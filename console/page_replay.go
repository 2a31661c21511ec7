package console

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// replayView is the page that asks before an event is replayed.
type replayView struct {
	Record *event.Record
	Row    eventRow
	Rule   string // limits the replay; empty means all
	Plan   *api.Replay
}

// replayPage shows what a replay would start. Its form carries the key of what
// is shown, so that a second press of the button starts nothing more.
func (c *Console) replayPage(w http.ResponseWriter, r *http.Request) {
	id, rule := pathValue(r, "id"), r.URL.Query().Get("rule")
	rec, err := c.Ledger.Event(r.Context(), id)
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	plan, err := c.Desk.Replay(r.Context(), id, api.ReplayRequest{Rule: rule}, byPage(r))
	if err != nil {
		c.notReplayed(w, r, err)
		return
	}
	c.render(w, r, http.StatusOK, "replay", "Replay", replayView{rec, rowOf(rec), rule, plan})
}

// replayFromPage carries out what the page has shown.
func (c *Console) replayFromPage(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	id := pathValue(r, "id")
	request := api.ReplayRequest{
		Rule: r.PostFormValue("rule"), Key: r.PostFormValue("key"), Revision: r.PostFormValue("revision"), Confirm: true,
	}
	if _, err := c.Desk.Replay(r.Context(), id, request, byPage(r)); err != nil {
		c.notReplayed(w, r, err)
		return
	}
	http.Redirect(w, r, eventPath(id)+"?done="+url.QueryEscape("replay"), http.StatusSeeOther)
}

func (c *Console) notReplayed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, event.ErrConflict) || errors.Is(err, event.ErrInvalid) {
		c.fault(w, r, statusOf(err), "Nothing was started", sentence(err)+" Go back to the event to see how it stands.")
		return
	}
	c.faultOf(w, r, err)
}
