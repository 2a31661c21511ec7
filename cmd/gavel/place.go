package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/api/client"
	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/internal/smallfile"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/vault"
)

// desk is what commands ask, of a database or of a server.
type desk interface {
	eventDesk
	runDesk
	ruleDesk
	explainDesk
}

// place says where a command looks: into a database, or at a server.
type place struct {
	database string
	archive  string // for commands that look there too
	writes   bool   // the command changes what is stored

	server, token, tokenFile, ca string
	plain                        bool
}

func (p *place) register(cmd *cobra.Command) {
	databaseFlag(cmd, &p.database)
	redactFlag(cmd)
	p.registerServer(cmd, "ask a running Gavel instead of its database: its console address, such as http://127.0.0.1:8081")
}

// registerServer adds the flags that say how a server is reached.
func (p *place) registerServer(cmd *cobra.Command, usage string) {
	flags := cmd.Flags()
	flags.StringVar(&p.server, "server", p.server, usage)
	flags.StringVar(&p.token, "server-token", "", "console token of the server")
	flags.StringVar(&p.tokenFile, "server-token-file", "", "file with the console token of the server")
	flags.StringVar(&p.ca, "server-ca", "", "file with certificates (PEM) to believe in when the server shows its own")
	flags.BoolVar(&p.plain, "server-insecure", false, "send the token over plain HTTP to another machine; others can then read it")
}

// remote reports whether a server is asked. What is typed goes before what
// stands in the environment.
func (p *place) remote(cmd *cobra.Command) (bool, error) {
	server, database := named(cmd, "server"), max(named(cmd, "database"), named(cmd, databaseFile))
	switch {
	case p.server == "" || server < database:
		return false, nil
	case server > database:
		return true, nil
	}
	return false, usageError{errors.New("both a server and a database are named; give --server or --database (or --database-file, GAVEL_SERVER, GAVEL_DATABASE)")}
}

// named says how a flag was given: 0 not at all, 1 in the environment, 2 typed.
func named(cmd *cobra.Command, flag string) int {
	f := cmd.Flags().Lookup(flag)
	switch {
	case f == nil || !f.Changed:
		return 0
	case fromEnvironment(f):
		return 1
	}
	return 2
}

// withDesk opens what the command line names for one command and closes it
// afterwards. r says what stored rules may use, in case of a database.
func (p *place) withDesk(cmd *cobra.Command, r app.RulesOptions, do func(desk) error) error {
	remote, err := p.remote(cmd)
	if err != nil {
		return err
	}
	if !remote {
		private, err := privateFields(cmd)
		if err != nil {
			return err
		}
		return withStore(cmd, p.database, accessFor(p.writes), func(s vault.Store) error {
			return do(storeDesk{&app.Desk{Store: s, Rules: r, Archive: p.archive, Private: private, By: byHand()}})
		})
	}
	return p.withServer(func(c *client.Client) error { return do(serverDesk{c}) })
}

// accessFor opens a database for writing only where a command does write.
func accessFor(writes bool) vault.Access {
	if writes {
		return vault.Write
	}
	return vault.Read
}

// noArchiveAtServer refuses an archive where a server is asked.
func (p *place) noArchiveAtServer(cmd *cobra.Command) error {
	if p.archive != "" && !fromEnvironment(cmd.Flags().Lookup("archive")) {
		return usageError{errors.New("--archive belongs to --database; a server looks into its own archive by itself")}
	}
	return nil
}

// withServer asks the server.
func (p *place) withServer(do func(*client.Client) error) error {
	o := client.Options{URL: p.server, Token: p.token, PlainToken: p.plain, Version: currentVersion().Version}
	var err error
	if p.tokenFile != "" {
		if o.Token != "" {
			return usageError{errors.New("give --server-token or --server-token-file, not both")}
		}
		if o.Token, err = readToken(p.tokenFile); err != nil {
			return err
		}
	}
	if p.ca != "" {
		if o.CA, err = smallfile.Read(p.ca); err != nil {
			return fmt.Errorf("--server-ca: %w", err)
		}
	}
	c, err := client.New(o)
	if err != nil {
		return usageError{hinted(fmt.Errorf("--server: %w", err))}
	}
	defer c.Close()
	return hinted(do(c))
}

// readToken reads the first token of a file, which may be that of the server.
func readToken(file string) (string, error) {
	raw, err := smallfile.Read(file)
	if err != nil {
		return "", fmt.Errorf("--server-token-file: %w", err)
	}
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return line, nil
		}
	}
	return "", fmt.Errorf("--server-token-file: %q is empty", file)
}

// name is where a command looked, for messages. It holds no secret.
func (p *place) name(cmd *cobra.Command) string {
	if remote, err := p.remote(cmd); err == nil && remote {
		return "the server " + p.server
	}
	database, err := databaseURL(cmd, p.database)
	if err != nil {
		return "the database"
	}
	return vault.RedactURL(database)
}

// hinted adds to the error of a server what can be done about it.
func hinted(err error) error {
	for kind, hint := range map[error]string{
		client.ErrUnreachable: `is "gavel serve" running, with this --console address, and is the way to it open?`,
		client.ErrUntrusted:   "if the certificate is your own, name the file of its authority with --server-ca",
		client.ErrNoToken:     "give the --console-token of that Gavel as GAVEL_SERVER_TOKEN, or in a file with --server-token-file",
		client.ErrWrongToken:  "it must be the --console-token that this Gavel was started with",
		client.ErrPlainToken:  "use https:// through a proxy, or a tunnel to 127.0.0.1; on a network that you trust, add --server-insecure",
		client.ErrNotGavel:    "look for the address in the line \"ready\" of its log, behind console=",
		client.ErrRedirect:    "give the address where it ends as --server",
		client.ErrVersion:     "use the same version of gavel here and there",
	} {
		if errors.Is(err, kind) {
			return fmt.Errorf("%w\n%s", err, hint)
		}
	}
	return err
}

// storeDesk asks a database.
type storeDesk struct{ *app.Desk }

// serverDesk asks a server. Rules of other files cannot be asked there; the
// commands refuse them before.
type serverDesk struct{ *client.Client }

// Explain asks the rules that the event met.
func (d serverDesk) Explain(ctx context.Context, id string, _ *rules.Set, q api.ExplainQuery) (*api.Explanation, error) {
	return d.Client.Explain(ctx, id, q)
}

// Replay asks the rules in force.
func (d serverDesk) Replay(ctx context.Context, id string, _ *rules.Set, r api.ReplayRequest) (*api.Replay, error) {
	return d.Client.Replay(ctx, id, r)
}

// RecordTest asks the rules that the event met.
func (d serverDesk) RecordTest(ctx context.Context, id string, _ *rules.Set) ([]byte, error) {
	return d.Client.RecordTest(ctx, id)
}

var errServerRules = usageError{errors.New("--rules goes with --database: a server answers by the rules that it has")}

// noRulesAtServer refuses rules files where a server is asked.
func (p *place) noRulesAtServer(cmd *cobra.Command) error {
	remote, err := p.remote(cmd)
	if err == nil && remote && named(cmd, "rules") == 2 {
		return errServerRules
	}
	return err
}

var (
	_ desk = storeDesk{}
	_ desk = serverDesk{}
)
