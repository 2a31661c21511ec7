package console

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

//go:embed openapi.yaml
var openapi []byte

// answer sends v with an ETag, or 304 if the client has it already.
func answer(w http.ResponseWriter, r *http.Request, v any) {
	body, err := encoded(v)
	if err != nil {
		problem(w, http.StatusInternalServerError, "the answer could not be written as JSON")
		return
	}
	tagged(w, r, "application/json", body)
}

// tagged sends a body with its ETag.
func tagged(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache")
	if reads := r.Method == http.MethodGet || r.Method == http.MethodHead; reads && matchesTag(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", contentType)
	_, _ = w.Write(body) // #nosec G705 -- JSON or YAML by its type, which browsers keep to; the peer may have gone
}

// encoded is v as JSON with a line break at its end. Text keeps its letters:
// nothing of the API is ever taken for a page.
func encoded(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

func matchesTag(header, tag string) bool {
	for given := range strings.SplitSeq(header, ",") {
		given = strings.TrimPrefix(strings.TrimSpace(given), "W/")
		if given == tag || given == "*" {
			return true
		}
	}
	return false
}

func (c *Console) apiDocument(w http.ResponseWriter, r *http.Request) {
	tagged(w, r, "application/yaml", openapi)
}

func (c *Console) apiEvents(w http.ResponseWriter, r *http.Request) {
	q, err := parseEventQuery(r.URL.Query(), c.Now())
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	list, err := c.findEvents(r.Context(), q)
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, api.Page[api.Event]{Items: api.EventsOf(list.Events), Next: list.Next})
}

func (c *Console) apiEvent(w http.ResponseWriter, r *http.Request) {
	rec, err := c.Ledger.Event(r.Context(), pathValue(r, "id"))
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	runs, err := c.Ledger.Runs(r.Context(), event.RunFilter{EventID: rec.Event.Ref(), Limit: api.MaxEventRuns})
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, api.EventDetailOf(rec, runs))
}

func (c *Console) apiRuns(w http.ResponseWriter, r *http.Request) {
	f, err := parseRunQuery(r.URL.Query(), c.Now())
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	list, err := c.findRuns(r.Context(), f)
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, api.Page[*event.Run]{Items: orEmpty(list.Runs), Next: list.Next})
}

func (c *Console) apiRun(w http.ResponseWriter, r *http.Request) {
	c.answerRun(w, r, pathValue(r, "id"))
}

func (c *Console) answerRun(w http.ResponseWriter, r *http.Request, id string) {
	run, err := c.Ledger.Run(r.Context(), id)
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	attempts, err := c.Ledger.Attempts(r.Context(), id)
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, api.RunDetailOf(run, attempts))
}

// apiChange answers with the run as it is after the change.
func (c *Console) apiChange(verb string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := pathValue(r, "id")
		if err := c.verbs()[verb](r.Context(), id, byAPI(r)); err != nil {
			c.problemOf(w, r, err)
			return
		}
		c.answerRun(w, r, id)
	}
}

func (c *Console) apiMeeting(w http.ResponseWriter, r *http.Request) {
	m, err := c.readMeeting(r.Context(), pathValue(r, "id"))
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, api.Meeting{
		ID: m.state.MeetingID, Canceled: m.state.Canceled, Reschedules: m.state.Reschedules,
		Meeting: m.state.Newest.Event.Meeting, Events: api.EventsOf(m.events), Runs: orEmpty(m.runs),
	})
}

func (c *Console) apiRules(w http.ResponseWriter, r *http.Request) {
	answer(w, r, api.Rules{Load: c.Rules.Load(), Rules: orEmpty(c.Rules.Rules())})
}

func (c *Console) apiStatus(w http.ResponseWriter, r *http.Request) {
	counts, err := c.Ledger.Counts(r.Context())
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	day, err := c.readDay(r.Context())
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	oldest, err := c.Ledger.Events(r.Context(), event.EventFilter{OldestFirst: true, Limit: 1})
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	var first time.Time
	if len(oldest) > 0 {
		first = oldest[0].Event.Received
	}
	source := c.source(&day)
	checks := c.Health.Ready(r.Context())
	answer(w, r, api.Status{
		Version: c.Version, Ready: fine(checks), Checks: checks, Rules: c.Rules.Load(), Connections: orEmpty(c.Rules.Connections()), Events: counts.Events,
		Runs: everyStatus(counts.Runs), OldestDue: counts.OldestDue, FirstEvent: first, LastEvent: source.LastEvent, Validated: source.Validated,
		Source: source,
	})
}

// everyStatus names the states that no run is in, too.
func everyStatus(counts map[event.Status]int64) map[event.Status]int64 {
	out := map[event.Status]int64{}
	for _, s := range event.Statuses() {
		out[s] = counts[s]
	}
	return out
}

// orEmpty makes JSON say [] rather than null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
