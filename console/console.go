package console

import (
	"bytes"
	_ "embed"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/below"
	"github.com/gavel-rules/gavel/console/httpapi"
	"github.com/gavel-rules/gavel/console/live"
	"github.com/gavel-rules/gavel/console/pages"
	"github.com/gavel-rules/gavel/event"
)

// openapi describes the API for people and tools.
//
//go:embed openapi.yaml
var openapi []byte

// Options configure a Console.
type Options struct {
	backend.Backend
	Metrics http.Handler // nil: no /metrics
	// Feed reports what the engine does; without it there are no live views and no
	// counts over time.
	Feed *live.Feed
	// LivePatience bounds how long a client may take to read a message of a
	// live view; then the view ends. 0 means 10 s.
	LivePatience time.Duration
	// Prefix is the path below which browsers reach the console.
	Prefix below.Prefix
	// Token is required for everything but health probes and the login page;
	// empty is allowed only on a loopback address, which the caller checks.
	Token string
}

// Console is the handler of the console address.
type Console struct {
	Options
	router  chi.Router
	handler http.Handler // the router, below the prefix
	access  *access.Access
	pages   *pages.Pages
	api     *httpapi.API
}

// New returns the handler of the console address. An error is about the prefix or
// its own embedded files.
func New(o Options) (*Console, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Feed == nil {
		o.Feed = live.NewFeed()
	}
	c := &Console{Options: o, router: chi.NewRouter(), access: access.New(o.Logger, o.Now, o.Prefix.Cookie())}
	c.SetTokens([]string{o.Token})
	views := live.NewViews(o.Feed, o.LivePatience, o.Logger)
	var err error
	if c.pages, err = pages.New(o.Backend, c.access, views, o.Prefix); err != nil {
		return nil, fmt.Errorf("console pages: %w", err)
	}
	c.api = httpapi.New(o.Backend, c.access, views, described(o.Prefix))
	c.routes()
	for _, route := range c.router.Routes() {
		// A proxy that removes the prefix would make them look the same.
		if o.Prefix.Within(route.Pattern) {
			return nil, fmt.Errorf("%w prefix %q: it is the address of a page of the console; choose another", event.ErrInvalid, o.Prefix)
		}
	}
	c.handler = o.Prefix.Handler(c.router)
	return c, nil
}

// SetTokens replaces the tokens, any of which is accepted; use several while
// one replaces another. The sessions of a token end with it. Without any token
// everybody is admitted.
func (c *Console) SetTokens(tokens []string) { c.access.SetTokens(tokens) }

// ServeHTTP answers one request.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.handler.ServeHTTP(w, r) }

// described returns the description of the API with where it is.
func described(p below.Prefix) []byte {
	return bytes.Replace(openapi, []byte("\nservers: [{ url: / }]\n"), []byte("\nservers: [{ url: "+p.Path("/")+" }]\n"), 1)
}

func (c *Console) routes() {
	r := c.router
	r.Use(c.access.KnownHost, access.SameOrigin, access.Secured, middleware.GetHead)
	r.NotFound(c.notFound)
	r.MethodNotAllowed(c.methodNotAllowed)
	r.Get("/-/healthy", healthy)
	r.Get("/-/ready", c.ready)
	c.pages.Open(r)
	r.Group(func(r chi.Router) {
		r.Use(c.access.Authenticated, c.access.Audited)
		r.Post("/-/reload", c.reload)
		if c.Metrics != nil {
			r.Method(http.MethodGet, "/metrics", c.Metrics)
		}
		r.Route("/api/v1", c.api.Routes)
		c.pages.Routes(r)
	})
}
