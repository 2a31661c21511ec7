package console

import (
	_ "embed"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/httpapi"
	"github.com/gavel-rules/gavel/console/live"
	"github.com/gavel-rules/gavel/console/pages"
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
	// Token is required for everything but health probes and the login page;
	// empty is allowed only on a loopback address, which the caller checks.
	Token string
}

// Console is the handler of the console address.
type Console struct {
	Options
	router chi.Router
	access *access.Access
	pages  *pages.Pages
	api    *httpapi.API
}

// New returns the handler of the console address. An error is about its own
// embedded files.
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
	c := &Console{Options: o, router: chi.NewRouter(), access: access.New(o.Logger, o.Now)}
	c.SetTokens([]string{o.Token})
	views := live.NewViews(o.Feed, o.LivePatience, o.Logger)
	var err error
	if c.pages, err = pages.New(o.Backend, c.access, views); err != nil {
		return nil, fmt.Errorf("console pages: %w", err)
	}
	c.api = httpapi.New(o.Backend, c.access, views, openapi)
	c.routes()
	return c, nil
}

// SetTokens replaces the tokens, any of which is accepted; use several while
// one replaces another. The sessions of a token end with it. Without any token
// everybody is admitted.
func (c *Console) SetTokens(tokens []string) { c.access.SetTokens(tokens) }

// ServeHTTP answers one request.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.router.ServeHTTP(w, r) }

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
