package httpapi

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

// maxRequest bounds the body of requests without rules, in bytes.
const maxRequest = 16 << 10

// comparedMost is the largest number of differences in a comparison.
const comparedMost = 1000

func (a *API) deskRoutes(r chi.Router) {
	r.Get("/events/{id}/explanation", accepts(a.explanation, "rule", "at"))
	r.Get("/events/{id}/test", accepts(a.test))
	r.Post("/events/{id}/replay", accepts(a.replay))
	r.Post("/explanations", accepts(a.try))
	r.Post("/backtests", accepts(a.backtest))
	r.Post("/erasures", accepts(a.erase))
	r.Post("/moves", accepts(a.move))
	r.Post("/rules/{name}/apply", accepts(a.apply))
	r.Get("/comparison", accepts(a.comparison, "shadow", "live", "since", "samples"))
	r.Post("/backups", accepts(a.backup))
	r.Get("/rules/activity", accepts(a.activity))
	a.pauseRoutes(r)
}

func (a *API) explanation(w http.ResponseWriter, r *http.Request) {
	p := &query.Parser{Values: r.URL.Query(), Now: a.Now()}
	q := api.ExplainQuery{Rule: p.Text("rule"), At: p.Moment("at")}
	if p.Err != nil {
		a.problemOf(w, r, p.Err)
		return
	}
	id, ok := a.eventID(w, r)
	if !ok {
		return
	}
	x, err := a.Desk.Explain(r.Context(), id, q)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, x)
}

func (a *API) test(w http.ResponseWriter, r *http.Request) {
	id, ok := a.eventID(w, r)
	if !ok {
		return
	}
	text, err := a.Desk.RecordTest(r.Context(), id)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.Tagged(w, r, "application/yaml", text)
}

func (a *API) replay(w http.ResponseWriter, r *http.Request) {
	var in api.ReplayRequest
	if !read(w, r, maxRequest, &in) {
		return
	}
	id, ok := a.eventID(w, r)
	if !ok {
		return
	}
	out, err := a.Desk.Replay(r.Context(), id, in, access.ByAPI(r))
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, out)
}

func (a *API) try(w http.ResponseWriter, r *http.Request) {
	var in api.TryRequest
	if !read(w, r, backend.MaxTry, &in) {
		return
	}
	out, err := a.Desk.Try(r.Context(), in)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, out)
}

func (a *API) backtest(w http.ResponseWriter, r *http.Request) {
	var in api.BacktestRequest
	if !read(w, r, backend.MaxTry, &in) {
		return
	}
	noDeadline(w)
	out, err := a.Desk.Backtest(r.Context(), in)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, out)
}

func (a *API) erase(w http.ResponseWriter, r *http.Request) {
	var in api.EraseRequest
	if !read(w, r, maxRequest, &in) {
		return
	}
	noDeadline(w)
	found, err := a.Desk.Erase(r.Context(), in)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, found)
}

func (a *API) move(w http.ResponseWriter, r *http.Request) {
	var in api.MoveRequest
	if !read(w, r, maxRequest, &in) {
		return
	}
	if in.Rule == "" {
		a.problemOf(w, r, answer.Invalid("rule: name the rule whose waiting runs to move"))
		return
	}
	noDeadline(w)
	moves, err := a.Desk.Move(r.Context(), in)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, moves)
}

func (a *API) apply(w http.ResponseWriter, r *http.Request) {
	var in api.ApplyRequest
	if !read(w, r, maxRequest, &in) {
		return
	}
	noDeadline(w)
	out, err := a.Desk.Apply(r.Context(), query.PathValue(r, "name"), in, access.ByAPI(r))
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, out)
}

func (a *API) comparison(w http.ResponseWriter, r *http.Request) {
	q, err := parseCompareQuery(r.URL.Query(), a.Now())
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	noDeadline(w)
	out, err := a.Desk.Compare(r.Context(), q)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, out)
}

func parseCompareQuery(values url.Values, now time.Time) (api.CompareQuery, error) {
	p := &query.Parser{Values: values, Now: now}
	q := api.CompareQuery{Shadow: p.Text("shadow"), Live: p.Text("live"), Since: p.Moment("since"), Samples: 5}
	if q.Shadow == "" || q.Live == "" {
		return q, answer.Invalid("name two rules: shadow and live")
	}
	if v := p.Text("samples"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > comparedMost {
			p.Fail("samples", "must be a number from 0 to "+strconv.Itoa(comparedMost))
		}
		q.Samples = n
	}
	return q, p.Err
}

func (a *API) activity(w http.ResponseWriter, r *http.Request) {
	noDeadline(w)
	list, err := a.Desk.Activity(r.Context())
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, api.Page[event.RuleActivity]{Items: orEmpty(list)})
}

// backup sends the database as one file. Its length is sent first, so that a
// client notices a truncated file.
func (a *API) backup(w http.ResponseWriter, r *http.Request) {
	noDeadline(w)
	f, err := a.Desk.Backup(r.Context())
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/vnd.sqlite3")
	h.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	h.Set("Content-Disposition", `attachment; filename="gavel-backup.db"`)
	h.Set("Cache-Control", "no-store")
	_, _ = io.Copy(w, f) // the client notices a truncated file
}
