// Package place says where a command reads and writes: in a database or at a
// running server, and with which rules files. It has the flags for it and
// opens what they name.
package place

import (
	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api/client"
	"github.com/gavel-rules/gavel/cmd/gavel/environment"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/desk"
	"github.com/gavel-rules/gavel/ruleset"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

// Place says where a command reads and writes: in a database, or at a server.
type Place struct {
	Database string
	Archive  string // for commands that look there too
	Writes   bool   // the command changes what is stored

	Server, token, tokenFile, ca string
	plain                        bool
}

// Register adds the flags that name a database or a server.
func (p *Place) Register(cmd *cobra.Command) {
	DatabaseFlag(cmd, &p.Database)
	RedactFlag(cmd)
	p.RegisterServer(cmd, "ask a running Gavel instead of its database: its console address, such as http://127.0.0.1:8081")
}

// Remote reports whether to use a server. Typed flags take precedence over the
// environment.
func (p *Place) Remote(cmd *cobra.Command) (bool, error) {
	server, database := named(cmd, "server"), max(named(cmd, "database"), named(cmd, databaseFile))
	switch {
	case p.Server == "" || server < database:
		return false, nil
	case server > database:
		return true, nil
	}
	return false, usage.Errorf("both a server and a database are named; give --server or --database (or --database-file, GAVEL_SERVER, GAVEL_DATABASE)")
}

// named returns how a flag was given: 0 not at all, 1 in the environment, 2
// typed.
func named(cmd *cobra.Command, flag string) int {
	f := cmd.Flags().Lookup(flag)
	switch {
	case f == nil || !f.Changed:
		return 0
	case environment.Filled(f):
		return 1
	}
	return 2
}

// Typed reports whether a flag was given on the command line.
func Typed(cmd *cobra.Command, flag string) bool { return named(cmd, flag) == 2 }

// WithDesk opens the database or server for one command and closes it
// afterwards. r has the options for stored rules of a database.
func (p *Place) WithDesk(cmd *cobra.Command, r ruleset.Options, do func(Desk) error) error {
	remote, err := p.Remote(cmd)
	if err != nil {
		return err
	}
	if !remote {
		private, err := PrivateFields(cmd)
		if err != nil {
			return err
		}
		return WithStore(cmd, p.Database, AccessFor(p.Writes), func(s store.Store) error {
			return do(storeDesk{&desk.Desk{Store: s, Rules: r, Archive: p.Archive, Private: private}})
		})
	}
	return p.WithServer(func(c *client.Client) error { return do(serverDesk{c}) })
}

// NoArchiveAtServer rejects --archive together with a server.
func (p *Place) NoArchiveAtServer(cmd *cobra.Command) error {
	if p.Archive != "" && !environment.Filled(cmd.Flags().Lookup("archive")) {
		return usage.Errorf("--archive belongs to --database; a server reads its own archive")
	}
	return nil
}

// Name returns where the command looked, for messages, without secrets.
func (p *Place) Name(cmd *cobra.Command) string {
	if remote, err := p.Remote(cmd); err == nil && remote {
		return "the server " + p.Server
	}
	database, err := DatabaseURL(cmd, p.Database)
	if err != nil {
		return "the database"
	}
	return vault.RedactURL(database)
}
