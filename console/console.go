package console

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/gavel-rules/gavel/report/sheet"
)

// Options configure a Console. Metrics, Feed, Logger and Now may be left out.
type Options struct {
	Ledger   Ledger
	Operator Operator
	Rules    RuleBook
	Health   Health
	Source   SourceWatch
	Reloader Reloader
	// Explainer may be nil: then nothing is explained and there is no
	// playground.
	Explainer Explainer
	// Desk may be nil: then the API lacks what needs it.
	Desk Desk
	// Analyst may be nil: then nothing is counted over weeks.
	Analyst Analyst
	Metrics http.Handler // nil: no /metrics
	// Feed hears what the engine does; without one nothing is live and nothing
	// is counted over time.
	Feed *Feed
	// LivePatience bounds how long the reader of a live view may take to read
	// what is sent; then the view ends. 0 means 10 s.
	LivePatience time.Duration
	// Token is required of everything but health probes and the login page;
	// empty is allowed on a loopback address only, which the caller checks.
	Token   string
	Version string
	// Unsigned says that events are taken without a signature.
	Unsigned bool
	Logger   *slog.Logger
	// LogLevel is that of Logger; nil when it cannot be changed.
	LogLevel *slog.LevelVar
	Now      func() time.Time
}

// Console is the handler of the second address.
type Console struct {
	Options
	router  chi.Router
	pages   *pages
	sheet   *sheet.Sheet
	assets  *assets
	session atomic.Pointer[sessions]
	guesses *guesses
	// signedOut outlives a change of tokens.
	signedOut signedOut
}

// New returns the handler of the second address. The error is that of its own
// embedded files.
func New(o Options) (*Console, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Feed == nil {
		o.Feed = NewFeed()
	}
	if o.LivePatience <= 0 {
		o.LivePatience = livePatience
	}
	c := &Console{Options: o, router: chi.NewRouter(), guesses: newGuesses(o.Now)}
	c.SetTokens([]string{o.Token})
	var err error
	if c.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("console assets: %w", err)
	}
	if c.pages, err = loadPages(c.assets, o.Now); err != nil {
		return nil, fmt.Errorf("console pages: %w", err)
	}
	if c.sheet, err = sheet.New(); err != nil {
		return nil, fmt.Errorf("console pages: %w", err)
	}
	c.routes()
	return c, nil
}

// SetTokens replaces the tokens, any of which is enough; several are for the
// time in which one takes another's place. Sessions that a token opened end
// with it. Without any token everybody is let in.
func (c *Console) SetTokens(tokens []string) {
	c.session.Store(newSessions(tokens, c.Now, &c.signedOut))
}

// ServeHTTP answers one request.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.router.ServeHTTP(w, r) }

func (c *Console) routes() {
	r := c.router
	r.Use(c.knownHost, c.sameOrigin, secured, middleware.GetHead)
	r.NotFound(c.notFound)
	r.MethodNotAllowed(c.methodNotAllowed)
	r.Get("/-/healthy", healthy)
	r.Get("/-/ready", c.ready)
	r.Get("/assets/{hash}/{name}", c.assets.serve)
	r.Get("/login", c.loginPage)
	r.Post("/login", c.login)
	r.Group(func(r chi.Router) {
		r.Use(c.authenticated, c.audited)
		r.Post("/-/reload", c.reload)
		if c.Metrics != nil {
			r.Method(http.MethodGet, "/metrics", c.Metrics)
		}
		r.Post("/logout", c.logout)
		r.Route("/api/v1", c.apiRoutes)
		c.pageRoutes(r)
	})
}

func (c *Console) pageRoutes(r chi.Router) {
	r.Get("/", c.overviewPage)
	r.Get("/search", c.searchPage)
	r.Get("/events", c.eventsPage)
	r.Get("/events/{id}", c.eventPage)
	r.Get("/events/{id}/body", c.eventBody)
	if c.Desk != nil {
		r.Get("/events/{id}/replay", c.replayPage)
		r.Post("/events/{id}/replay", c.replayFromPage)
	}
	r.Get("/runs", c.runsPage)
	r.Post("/runs/retry", c.retryMany)
	r.Get("/runs/{id}", c.runPage)
	for verb := range c.verbs() {
		r.Post("/runs/{id}/"+verb, c.changeFromPage(verb))
	}
	r.Get("/meetings/{id}", c.meetingPage)
	r.Get("/rules", c.rulesPage)
	r.Post("/rules/reload", c.reloadFromPage)
	if c.Analyst != nil {
		r.Get("/analytics", c.analyticsPage)
	}
	if c.Explainer != nil {
		r.Get("/playground", c.playgroundPage)
		r.Post("/playground", c.tryRules)
	}
	r.Get("/live/events", c.liveEvents)
	r.Get("/live/changes", c.liveChanges)
}

func (c *Console) apiRoutes(r chi.Router) {
	r.Use(c.versioned)
	r.Get("/openapi.yaml", accepts(c.apiDocument))
	r.Get("/status", accepts(c.apiStatus))
	r.Get("/day", accepts(c.apiDay))
	r.Get("/rules", accepts(c.apiRules))
	r.Get("/events", accepts(c.apiEvents, "type", "meeting", "owner", "outcome", "q", "since", "until", "limit", "cursor"))
	r.Get("/events/{id}", accepts(c.apiEvent))
	r.Get("/live/events", accepts(c.apiLiveEvents, "type", "meeting", "owner", "outcome", "q"))
	r.Get("/runs", accepts(c.apiRuns, "status", "rule", "event", "meeting", "shadow", "since", "until", "limit", "cursor"))
	r.Get("/runs/{id}", accepts(c.apiRun))
	r.Get("/export/events", accepts(c.apiExportEvents, "type", "meeting", "since", "until", "limit", "cursor"))
	r.Get("/export/runs", accepts(c.apiExportRuns, "status", "rule", "event", "meeting", "shadow", "since", "until", "limit", "cursor"))
	for verb := range c.verbs() {
		r.Post("/runs/{id}/"+verb, accepts(c.apiChange(verb)))
	}
	r.Get("/meetings/{id}", accepts(c.apiMeeting))
	if c.LogLevel != nil {
		r.Get("/log-level", accepts(c.apiLogLevel))
		r.Put("/log-level", accepts(c.apiSetLogLevel))
	}
	if c.Analyst != nil {
		r.Get("/report", accepts(c.apiReport, "since", "until", "zone", "late", "top"))
	}
	if c.Desk != nil {
		c.deskRoutes(r)
	}
}
