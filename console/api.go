package console

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

//go:embed openapi.yaml
var openapi []byte

// apiEventBody is an event in the API. Its names are those of
// "gavel events list --output json".
type apiEventBody struct {
	ID         string    `json:"event_id"`
	Type       string    `json:"event_type"`
	Happened   time.Time `json:"event_timestamp"`
	Received   time.Time `json:"received"`
	MeetingID  string    `json:"meeting_id,omitempty"`
	Revision   string    `json:"revision"`
	Late       bool      `json:"late,omitempty"`
	Deliveries int       `json:"deliveries"`
	Runs       int       `json:"runs"`
}

func apiEventOf(rec *event.Record) apiEventBody {
	ev := rec.Event
	return apiEventBody{
		ID: ev.ID, Type: ev.Type, Happened: ev.Timestamp, Received: ev.Received, MeetingID: ev.Meeting.ID,
		Revision: rec.Revision, Late: rec.Late, Deliveries: rec.Deliveries, Runs: rec.Runs,
	}
}

func apiEventsOf(records []*event.Record) []apiEventBody {
	out := make([]apiEventBody, 0, len(records))
	for _, rec := range records {
		out = append(out, apiEventOf(rec))
	}
	return out
}

// apiPage is one page of a list; Next is the cursor of the following one.
type apiPage[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// answer sends v with an ETag, or 304 if the client has it already.
func answer(w http.ResponseWriter, r *http.Request, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		problem(w, http.StatusInternalServerError, "the answer could not be written as JSON")
		return
	}
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache")
	if matchesTag(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n')) // the peer may have gone
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

func (c *Console) apiDocument(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(openapi) // the peer may have gone
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
	answer(w, r, apiPage[apiEventBody]{Items: apiEventsOf(list.Events), Next: list.Next})
}

func (c *Console) apiEvent(w http.ResponseWriter, r *http.Request) {
	rec, err := c.Ledger.Event(r.Context(), pathValue(r, "id"))
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	runs, err := c.Ledger.Runs(r.Context(), event.RunFilter{EventID: rec.Event.ID, Limit: pageMost})
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, struct {
		apiEventBody
		LastSeen time.Time       `json:"last_seen"`
		Body     json.RawMessage `json:"body"`
		List     []*event.Run    `json:"run_list"`
	}{apiEventOf(rec), rec.LastSeen, rec.Event.Body, orEmpty(runs)})
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
	answer(w, r, apiPage[*event.Run]{Items: orEmpty(list.Runs), Next: list.Next})
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
	answer(w, r, struct {
		*event.Run
		Attempts []event.Attempt `json:"attempts"`
	}{run, orEmpty(attempts)})
}

// apiChange answers with the run as it is after the change.
func (c *Console) apiChange(verb string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := pathValue(r, "id")
		if err := c.verbs()[verb](r.Context(), id); err != nil {
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
	answer(w, r, struct {
		ID          string         `json:"meeting_id"`
		Canceled    bool           `json:"canceled"`
		Reschedules int            `json:"reschedules"`
		Meeting     *event.Meeting `json:"meeting"`
		Events      []apiEventBody `json:"events"`
		Runs        []*event.Run   `json:"runs"`
	}{m.state.MeetingID, m.state.Canceled, m.state.Reschedules, m.state.Newest.Event.Meeting, apiEventsOf(m.events), orEmpty(m.runs)})
}

func (c *Console) apiRules(w http.ResponseWriter, r *http.Request) {
	answer(w, r, struct {
		Load  Load   `json:"load"`
		Rules []Rule `json:"rules"`
	}{c.Rules.Load(), orEmpty(c.Rules.Rules())})
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
	source := c.source(&day)
	answer(w, r, struct {
		Version     string                 `json:"version"`
		Rules       Load                   `json:"rules"`
		Connections []Connection           `json:"connections"`
		Events      int64                  `json:"events"`
		Runs        map[event.Status]int64 `json:"runs"`
		OldestDue   time.Time              `json:"oldest_due,omitzero"`
		LastEvent   time.Time              `json:"last_event,omitzero"`
		Validated   time.Time              `json:"endpoint_validated_at,omitzero"`
		Source      Source                 `json:"source"`
	}{
		c.Version, c.Rules.Load(), orEmpty(c.Rules.Connections()), counts.Events, everyStatus(counts.Runs),
		counts.OldestDue, source.LastEvent, source.Validated, source,
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
