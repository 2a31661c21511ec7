package standin

import (
	"bytes"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// CRMOptions configure the stand-in. The zero value needs no authentication.
type CRMOptions struct {
	// ClientID and ClientSecret for OAuth 2.0 client credentials. If these or
	// PublicKey are set, calls need a token from the token endpoint.
	ClientID, ClientSecret string
	// PublicKey verifies the assertions of the JWT bearer grant.
	PublicKey *rsa.PublicKey
}

// CRM is a stand-in for a customer database with a REST interface: GET and
// POST /contacts, GET and POST /tasks, and POST /oauth2/token. A list with limit
// is given page by page: next is the address of the next page. A repeated
// Idempotency-Key gets the first response again and changes nothing.
type CRM struct {
	server
	options CRMOptions
	inbox   inbox[CRMCall]
	script  script

	mu       sync.Mutex
	contacts []record
	tasks    []record
	answers  map[string]answer // by idempotency key
	tokens   map[string]bool
	issued   int
}

// CRMCall is one authorized call.
type CRMCall struct {
	Method string
	Path   string
	Query  url.Values
	Body   json.RawMessage
	Header http.Header
	// Key is the Idempotency-Key, Repeat whether it was seen before.
	Key    string
	Repeat bool
	Status int
}

type record map[string]any

type answer struct {
	status int
	body   any
}

// NewCRM returns a stand-in that is not started yet.
func NewCRM(o CRMOptions) *CRM {
	return &CRM{options: o, answers: map[string]answer{}, tokens: map[string]bool{}}
}

// Start listens on addr; empty means any free port of this machine.
func (c *CRM) Start(addr string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth2/token", c.giveToken)
	mux.HandleFunc("GET /contacts", c.call(func(r *http.Request, _ record) answer { return c.list(r, &c.contacts) }))
	mux.HandleFunc("POST /contacts", c.call(func(_ *http.Request, body record) answer { return c.create(body, &c.contacts, "contact", "email") }))
	mux.HandleFunc("GET /tasks", c.call(func(r *http.Request, _ record) answer { return c.list(r, &c.tasks) }))
	mux.HandleFunc("POST /tasks", c.call(func(_ *http.Request, body record) answer { return c.create(body, &c.tasks, "task", "subject") }))
	return c.start(addr, mux)
}

// TokenURL returns the address of the token endpoint.
func (c *CRM) TokenURL() string { return c.URL() + "/oauth2/token" }

// Received returns the authorized calls so far, without those for tokens.
func (c *CRM) Received() []CRMCall { return c.inbox.received() }

// On calls f for each call as it is answered.
func (c *CRM) On(f func(CRMCall)) { c.inbox.on(f) }

// FailNext answers the next n calls with a status.
func (c *CRM) FailNext(n, status int, header http.Header) {
	c.script.push(n, failure{status: status, header: header, text: `{"error":"ordered in advance"}`})
}

// call wraps a handler with what all calls share: failures, tokens, repeats
// and the record of the call.
func (c *CRM) call(handle func(*http.Request, record) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if f, ok := c.script.pop(); ok {
			f.write(w, "application/json")
			return
		}
		if !c.admits(r) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			writeJSON(w, http.StatusUnauthorized, record{"error": "the token is missing or no longer valid"})
			return
		}
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			writeJSON(w, http.StatusBadRequest, record{"error": "the body could not be read"})
			return
		}
		body := record{}
		if r.Method != http.MethodGet && json.NewDecoder(bytes.NewReader(raw)).Decode(&body) != nil {
			writeJSON(w, http.StatusBadRequest, record{"error": "the body is not a JSON object"})
			return
		}
		seen := CRMCall{
			Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Body: raw,
			Header: r.Header.Clone(), Key: r.Header.Get("Idempotency-Key"),
		}
		a, repeat := c.answerOnce(seen.Key, func() answer { return handle(r, body) })
		seen.Repeat, seen.Status = repeat, a.status
		c.inbox.add(seen)
		writeJSON(w, a.status, a.body)
	}
}

func (c *CRM) answerOnce(key string, handle func() answer) (answer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, ok := c.answers[key]; ok && key != "" {
		return a, true
	}
	a := handle()
	if key != "" {
		c.answers[key] = a
	}
	return a, false
}

// list returns the records whose fields equal the query's. With limit, it returns
// that many, from the one at the index after on, and where the next are.
func (c *CRM) list(r *http.Request, from *[]record) answer {
	query, items := r.URL.Query(), []record{}
	limit, err := strconv.Atoi(query.Get("limit"))
	paged := err == nil && limit > 0
	after, err := strconv.Atoi(query.Get("after"))
	if err != nil || after < 0 {
		after = 0
	}
	query.Del("limit")
	query.Del("after")
	for _, rec := range *from {
		if matches(rec, query) {
			items = append(items, rec)
		}
	}
	body := record{"items": items, "total": len(items)}
	if paged {
		start := min(after, len(items))
		end := min(start+limit, len(items))
		body["items"] = items[start:end]
		if end < len(items) {
			query.Set("limit", strconv.Itoa(limit))
			query.Set("after", strconv.Itoa(end))
			body["next"] = r.URL.Path + "?" + query.Encode()
		}
	}
	return answer{http.StatusOK, body}
}

func matches(rec record, query url.Values) bool {
	for name := range query {
		if !strings.EqualFold(fmt.Sprint(rec[name]), query.Get(name)) {
			return false
		}
	}
	return true
}

func (c *CRM) create(body record, into *[]record, kind, required string) answer {
	if s, _ := body[required].(string); s == "" {
		return answer{http.StatusUnprocessableEntity, record{"error": required + " is missing"}}
	}
	body["id"] = fmt.Sprintf("%s-%d", kind, len(*into)+1)
	*into = append(*into, body)
	return answer{http.StatusCreated, body}
}
