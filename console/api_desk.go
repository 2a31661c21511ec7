package console

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// maxRequest bounds a request of the API that is not about rules.
const maxRequest = 16 << 10

// comparedMost is how many differences a comparison may list.
const comparedMost = 1000

func (c *Console) deskRoutes(r chi.Router) {
	r.Get("/events/{id}/explanation", accepts(c.apiExplanation, "rule", "at"))
	r.Get("/events/{id}/test", accepts(c.apiTest))
	r.Post("/events/{id}/replay", accepts(c.apiReplay))
	r.Post("/explanations", accepts(c.apiTry))
	r.Post("/erasures", accepts(c.apiErase))
	r.Post("/moves", accepts(c.apiMove))
	r.Get("/comparison", accepts(c.apiComparison, "shadow", "live", "since", "samples"))
	r.Post("/backups", accepts(c.apiBackup))
	r.Get("/rules/activity", accepts(c.apiActivity))
}

func (c *Console) apiExplanation(w http.ResponseWriter, r *http.Request) {
	p := &parser{values: r.URL.Query(), now: c.Now()}
	q := api.ExplainQuery{Rule: p.text("rule"), At: p.moment("at")}
	if p.err != nil {
		c.problemOf(w, r, p.err)
		return
	}
	x, err := c.Desk.Explain(r.Context(), pathValue(r, "id"), q)
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, x)
}

func (c *Console) apiTest(w http.ResponseWriter, r *http.Request) {
	text, err := c.Desk.RecordTest(r.Context(), pathValue(r, "id"))
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	tagged(w, r, "application/yaml", text)
}

func (c *Console) apiReplay(w http.ResponseWriter, r *http.Request) {
	var in api.ReplayRequest
	if !read(w, r, maxRequest, &in) {
		return
	}
	out, err := c.Desk.Replay(r.Context(), pathValue(r, "id"), in, byAPI(r))
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, out)
}

func (c *Console) apiTry(w http.ResponseWriter, r *http.Request) {
	var in api.TryRequest
	if !read(w, r, maxPlayground, &in) {
		return
	}
	out, err := c.Desk.Try(r.Context(), in)
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, out)
}

func (c *Console) apiErase(w http.ResponseWriter, r *http.Request) {
	var in api.EraseRequest
	if !read(w, r, maxRequest, &in) {
		return
	}
	unhurried(w)
	found, err := c.Desk.Erase(r.Context(), in)
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, found)
}

func (c *Console) apiMove(w http.ResponseWriter, r *http.Request) {
	var in api.MoveRequest
	if !read(w, r, maxRequest, &in) {
		return
	}
	if in.Rule == "" {
		c.problemOf(w, r, invalid("rule: name the rule whose waiting runs to move"))
		return
	}
	unhurried(w)
	moves, err := c.Desk.Move(r.Context(), in)
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, moves)
}

func (c *Console) apiComparison(w http.ResponseWriter, r *http.Request) {
	q, err := parseCompareQuery(r.URL.Query(), c.Now())
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	unhurried(w)
	out, err := c.Desk.Compare(r.Context(), q)
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, out)
}

func parseCompareQuery(values url.Values, now time.Time) (api.CompareQuery, error) {
	p := &parser{values: values, now: now}
	q := api.CompareQuery{Shadow: p.text("shadow"), Live: p.text("live"), Since: p.moment("since"), Samples: 5}
	if q.Shadow == "" || q.Live == "" {
		return q, invalid("name two rules: shadow and live")
	}
	if v := p.text("samples"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > comparedMost {
			p.fail("samples", "must be a number from 0 to "+strconv.Itoa(comparedMost))
		}
		q.Samples = n
	}
	return q, p.err
}

func (c *Console) apiActivity(w http.ResponseWriter, r *http.Request) {
	unhurried(w)
	list, err := c.Desk.Activity(r.Context())
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, api.Page[event.RuleActivity]{Items: orEmpty(list)})
}

// apiBackup sends the database as one file. Its length is told before, so that
// a part of it is never taken for the whole.
func (c *Console) apiBackup(w http.ResponseWriter, r *http.Request) {
	unhurried(w)
	f, err := c.Desk.Backup(r.Context())
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/vnd.sqlite3")
	h.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	h.Set("Content-Disposition", `attachment; filename="gavel-backup.db"`)
	h.Set("Cache-Control", "no-store")
	_, _ = io.Copy(w, f) // the peer sees that it is short
}
