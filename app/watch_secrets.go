package app

import (
	"context"
	"maps"
	"time"

	"github.com/gavel-rules/gavel/ruleset"
)

// secretsEvery is how often the secrets are checked. Reading a few small files
// is cheaper than watching the links of every platform.
const secretsEvery = 2 * time.Second

// watchSecrets loads the rules again when one of their secrets has changed,
// and checks the files of Gavel's own secrets.
func (a *App) watchSecrets(ctx context.Context) {
	ticker := time.NewTicker(secretsEvery)
	defer ticker.Stop()
	last, _ := ruleset.Secrets(a.opts.Rules.SecretsDir) // an error was reported at load
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if a.opts.Rules.SecretsDir != "" {
			if now, err := ruleset.Secrets(a.opts.Rules.SecretsDir); err == nil && !maps.Equal(last, now) {
				last = now
				a.reloadSecrets(ctx)
			}
		}
		a.reloadFiles()
	}
}

func (a *App) reloadSecrets(ctx context.Context) {
	findings, err := a.Reload(ctx)
	if err == nil && findings.HasErrors() {
		err = findings
	}
	if err != nil {
		a.log.Warn("a secret changed, but loading the rules failed; the old secrets stay in use", "error", err)
		return
	}
	a.log.Info("secrets reloaded")
}
