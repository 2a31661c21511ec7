package app

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/gavel-rules/gavel/app/health"
	"github.com/gavel-rules/gavel/app/listen"
	"github.com/gavel-rules/gavel/app/metrics"
	"github.com/gavel-rules/gavel/app/systemd"
	"github.com/gavel-rules/gavel/console"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/below"
	"github.com/gavel-rules/gavel/console/live"
	"github.com/gavel-rules/gavel/desk"
	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/receiver"
	"github.com/gavel-rules/gavel/report/facts"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/watchdog"
)

// watch is everything that observes the engine and the receiver.
type watch struct {
	metrics *metrics.Metrics
	drifts  *health.Drifts
	feed    *live.Feed
	source  *watchdog.Watchdog
	taken   *taken
}

// observe creates the observers and returns the one for the engine.
func (a *App) observe() engine.Observer {
	a.watch.metrics = metrics.New(a.opts.Version)
	a.watch.drifts = health.NewDrifts(a.log, time.Now)
	a.store.ObserveCommits(a.watch.metrics.Committed)
	a.watch.feed = live.NewFeed()
	all := observers{a.watch.metrics, consoleFeed{a.watch.feed, a.opts.Private}, debugLog{a.log}, failures{a}}
	if a.opts.Observer != nil {
		all = append(all, a.opts.Observer)
	}
	a.watch.source = a.newWatchdog(time.Now)
	a.watch.taken = &taken{Observer: all, facts: facts.NewKeeper(a.store, a.log, time.Now)}
	return a.watch.taken
}

// newConsole creates the server of the console address.
func (a *App) newConsole(trusted listen.Proxies) (*http.Server, error) {
	counts := metrics.NewCounts(a.counted, a.background.Go)
	a.watch.metrics.Watch(metrics.State{
		Counts: counts.Counts, Issues: a.failingIssues, Connections: a.engine.Connections, Rules: a.live.Status, Source: a.watch.source.Report,
		Troubles: a.engine.Troubles, Paused: a.engine.Paused, Now: time.Now,
	})
	a.footing.Register(a.watch.metrics)
	a.size.Register(a.watch.metrics)
	a.backups.Register(a.watch.metrics)
	a.retention.Register(a.watch.metrics)
	a.clock.Register(a.watch.metrics)
	a.vital = a.newHealth()
	asked := &desk.Desk{Store: a.store, Rules: a.opts.Rules, Current: a.live.Current, Archive: a.opts.Archive, Private: a.opts.Private, Revisions: a.revisions, Engine: a.engine, Now: a.clock.Now}
	prefix, err := below.Parse(a.opts.ConsolePrefix)
	if err != nil {
		return nil, err // checked before
	}
	c, err := console.New(console.Options{
		Backend: backend.Backend{
			Ledger: ledger{privacy.Show(a.store, a.opts.Private), counts}, Operator: asked, Issues: asked, Rules: desk.NewRuleBook(a.live, a.engine.Connections),
			Health: a.vital, Source: a.watch.source, Reloader: reloader{a},
			Desk: consoleDesk{asked, a}, Paused: a.engine.Paused, Webhook: a.webhook, Backups: a.backups.State,
			Analyst: desk.NewAnalyst(asked, a.watch.taken.facts.Hurry),
			Version: a.opts.Version, Unsigned: a.opts.Receiver.AcceptUnsigned, Logger: a.log, LogLevel: a.opts.LogLevel,
		},
		Metrics: a.watch.metrics.Handler(), Feed: a.watch.feed, Prefix: prefix,
	})
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	if a.tokens, err = a.opts.consoleTokens(); err != nil {
		return nil, err
	}
	c.SetTokens(a.tokens)
	a.console = c
	server := receiver.NewServer(a.opts.Console, trusted.InFront(c), a.log)
	// Live views would otherwise delay the shutdown.
	server.RegisterOnShutdown(a.watch.feed.Close)
	return server, nil
}

// counted returns the totals of the store. The oldest run that is due may also be
// one that this process holds and has no worker for.
func (a *App) counted(ctx context.Context) (event.Counts, error) {
	counts, err := a.store.Counts(ctx)
	if held := a.engine.OldestReady(); !held.IsZero() && (counts.OldestDue.IsZero() || held.Before(counts.OldestDue)) {
		counts.OldestDue = held
	}
	return counts, err
}

// failingIssues returns the issues with runs that are failed now.
func (a *App) failingIssues(ctx context.Context) ([]*event.Issue, error) {
	return a.store.Issues(ctx, event.IssueFilter{Failing: true, Bare: true})
}

// newHealth returns the readiness checks.
func (a *App) newHealth() *health.Health {
	return health.New(health.Options{
		Write: func(ctx context.Context) error {
			set := a.live.Current()
			return a.store.SaveRevision(ctx, set.Revision, text.EncodeSources(set.Sources), time.Now())
		},
		Loaded:  func() bool { return a.live.Current() != nil },
		Workers: a.engine.UnhealthyReason, Stuck: a.engine.Stuck, Troubles: a.engine.Troubles, Now: time.Now, Spawn: a.background.Go, Leaving: a.leaving.Load,
		Clock: a.clock.Doubt, Archive: a.retention.Warning, Backups: a.backups.Warning, Drifts: a.watch.drifts, Footing: a.footing, Size: a.size, Unsigned: a.opts.Receiver.AcceptUnsigned,
	})
}

// State is how this process is, for the service manager.
func (a *App) State(ctx context.Context) systemd.State {
	s := systemd.State{Status: a.vital.Summary(ctx), Stuck: a.vital.Deadlock(ctx)}
	if !a.live.Status().OK {
		s.Status += "; the rules on disk have errors, the previous ones are active"
	}
	return s
}

// ledger is the store as the console reads it.
type ledger struct {
	*privacy.Shown
	counts *metrics.Counts
}

// Counts implements backend.Ledger.
func (l ledger) Counts(ctx context.Context) (event.Counts, error) { return l.counts.Counts(ctx) }

// webhook returns the address of the receiver for a program on this machine.
func (a *App) webhook() string {
	scheme := "http"
	if a.opts.TLSCert != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(a.Addr())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + cmp.Or(a.opts.Receiver.Path, receiver.DefaultPath)
}
