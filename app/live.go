package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/live"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/ruleset"
)

// findingsError is a failed load of the rules, with every finding in its text.
type findingsError struct{ findings text.Findings }

func (e findingsError) Error() string {
	var b strings.Builder
	b.WriteString("the rules have errors:\n")
	_ = e.findings.Text(&b) // a Builder does not fail
	return strings.TrimRight(b.String(), "\n")
}

func (a *App) loadRules(ctx context.Context) error {
	a.live = live.New(func() (*rules.Set, text.Findings) { return ruleset.Load(a.opts.Rules) }, a.rulesLoaded)
	findings, err := a.live.Reload(ctx)
	if err != nil {
		return err
	}
	if findings.HasErrors() {
		return findingsError{findings}
	}
	for _, f := range findings {
		a.log.Warn("rules", "finding", f.String())
	}
	return nil
}

// rulesLoaded stores the sources of a set before it is put in force, so that
// its runs can always continue.
func (a *App) rulesLoaded(set *rules.Set, at time.Time) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := a.store.SaveRevision(ctx, set.Revision, text.EncodeSources(set.Sources), at); err != nil {
		return fmt.Errorf("store rule sources: %w", err)
	}
	if a.engine != nil {
		a.revisions.Forget() // they use the old secrets
		a.engine.Lift()
	}
	return nil
}

func (a *App) watchRules(ctx context.Context) {
	if err := live.Watch(ctx, a.opts.Rules.Paths, a.live, a.log); err != nil && !errors.Is(err, context.Canceled) {
		a.failed <- fmt.Errorf("watch the rules: %w", err)
	}
}

// tellReloads reports every load that changed something.
func (a *App) tellReloads(ctx context.Context) {
	last, before := a.live.Status(), a.live.Current()
	for {
		changed := a.live.Changed()
		if now := a.live.Status(); now.Loads != last.Loads || now.Failures != last.Failures {
			last = now
			a.notices.Soon()
			after := a.live.Current()
			for _, left := range a.leftWaiting(ctx, before, after) {
				a.log.WarnContext(ctx, left, "revision", after.Revision)
			}
			for _, offer := range a.notReached(ctx, before, after) {
				a.log.InfoContext(ctx, offer, "revision", after.Revision)
			}
			before = after
			if a.opts.Reloaded != nil {
				a.opts.Reloaded(now)
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// Reload loads the rules again. On any error the old rules stay in force.
// Secrets from files are read again as well, and paused connections are tried
// again.
func (a *App) Reload(ctx context.Context) (text.Findings, error) {
	a.reloadFiles()
	a.engine.Lift()
	before := a.live.Status()
	findings, err := a.live.Reload(ctx)
	live.Tell(a.log, before, a.live.Status(), findings, err)
	return findings, err
}

// reloader is Reload for the console.
type reloader struct{ *App }

func (r reloader) Reload(ctx context.Context) (revision string, lines []string, ok bool) {
	before := r.live.Current()
	findings, err := r.App.Reload(ctx)
	for _, f := range findings {
		lines = append(lines, f.String())
	}
	if err != nil {
		lines = append(lines, err.Error())
	}
	lines = append(lines, r.leftWaiting(ctx, before, r.live.Current())...)
	lines = append(lines, r.notReached(ctx, before, r.live.Current())...)
	return r.live.Current().Revision, lines, err == nil && !findings.HasErrors()
}
