package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/gavel-rules/gavel/internal/smallfile"
	"github.com/gavel-rules/gavel/vault"
)

// secretFiles are the files of Gavel's own secrets, which are read again while
// it runs. For an unusable file the old secrets stay, and it is reported once.
type secretFiles struct {
	mu   sync.Mutex
	list []*secretFile
}

// secretFile is one of them.
type secretFile struct {
	what string // for the log: "signing secrets"
	// reload reads the file again. It returns the number of secrets, or 0 when
	// nothing has changed.
	reload  func() (int, error)
	problem string // last one reported
}

func (a *App) follow(what string, reload func() (int, error)) {
	a.secretFiles.list = append(a.secretFiles.list, &secretFile{what: what, reload: reload})
}

// followFiles lists the files to watch.
func (a *App) followFiles() {
	if a.opts.ReadSignature != nil {
		a.follow("signing secrets", a.reloadSignature)
	}
	if a.opts.ConsoleTokenFile != "" {
		a.follow("console token", a.reloadConsoleToken)
	}
	if a.opts.EncryptionKeyFile != "" {
		a.follow("encryption keys", a.reloadKeys)
	}
}

// reloadFiles checks every file.
func (a *App) reloadFiles() {
	a.secretFiles.mu.Lock()
	defer a.secretFiles.mu.Unlock()
	for _, f := range a.secretFiles.list {
		n, err := f.reload()
		switch {
		case err == nil:
			f.problem = ""
		case err.Error() != f.problem:
			f.problem = err.Error()
			a.log.Warn("cannot read secrets; the old ones stay in use", "what", f.what, "error", err)
		}
		if err == nil && n > 0 {
			a.log.Info("secrets reloaded", "what", f.what, "secrets", n)
		}
	}
}

func (a *App) reloadSignature() (int, error) {
	settings, err := a.opts.ReadSignature()
	if err != nil {
		return 0, err
	}
	changed, err := a.receiver.SetSignature(settings)
	if err != nil || !changed {
		return 0, err
	}
	return len(settings.Secrets), nil
}

func (a *App) reloadConsoleToken() (int, error) {
	tokens, err := a.opts.consoleTokens()
	if err != nil || slices.Equal(tokens, a.tokens) {
		return 0, err
	}
	a.tokens = tokens
	a.console.SetTokens(tokens)
	return len(tokens), nil
}

func (a *App) reloadKeys() (int, error) {
	return vault.ReloadKeys(a.store)
}

// consoleTokens returns the tokens of the console: the given one, and those of
// the file, one per line. Empty lines and lines that begin with # are ignored.
func (o *Options) consoleTokens() ([]string, error) {
	var tokens []string
	if o.ConsoleToken != "" {
		tokens = append(tokens, o.ConsoleToken)
	}
	if o.ConsoleTokenFile == "" {
		return tokens, nil
	}
	content, err := smallfile.ReadText(o.ConsoleTokenFile)
	if err != nil {
		return nil, fmt.Errorf("console token: %w", err)
	}
	found := 0
	for line := range strings.Lines(content) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			tokens = append(tokens, line)
			found++
		}
	}
	if found == 0 {
		return nil, fmt.Errorf("console token in %q: %w", o.ConsoleTokenFile, errors.New("no token; write one per line"))
	}
	return tokens, nil
}
