package place

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/internal/smallfile"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

// defaultDatabase is where serve keeps its data when nothing is said.
const defaultDatabase = "sqlite:gavel.db"

// DatabaseFlag adds the flags that name a database and the key of what is sealed in
// it.
func DatabaseFlag(cmd *cobra.Command, value *string) {
	cmd.Flags().StringVar(value, "database", defaultDatabase, "database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
	cmd.Flags().String(databaseFile, "", "file with the database URL, for one that holds a password")
	cmd.Flags().String(EncryptionKeyFile, "", "file with the keys that stored events are sealed with, one per line; the first seals")
}

// ArchiveFlag is for what reads archived events as well.
func ArchiveFlag(cmd *cobra.Command, value *string) {
	cmd.Flags().StringVar(value, "archive", "", "folder with events that have left the database (see serve --archive); they are read as well")
}

// WithStore opens the database for one command and closes it afterwards.
func WithStore(cmd *cobra.Command, database string, access vault.Access, do func(store.Store) error) error {
	database, err := DatabaseURL(cmd, database)
	if err != nil {
		return err
	}
	store, err := vault.OpenSealed(cmd.Context(), database, FlagText(cmd, EncryptionKeyFile), access)
	if err != nil {
		return err
	}
	defer store.Close()
	return do(store)
}

// AccessFor opens a database for writing only where a command does write.
func AccessFor(writes bool) vault.Access {
	if writes {
		return vault.Write
	}
	return vault.Read
}

// Flags that more than one command has; the commands read them by name.
const (
	EncryptionKeyFile = "encryption-key-file"
	SecretsDir        = "secrets-dir"
	databaseFile      = "database-file"
	redactFields      = "redact-fields"
)

// DatabaseURL is the URL that was given, or the one in the file that was.
func DatabaseURL(cmd *cobra.Command, given string) (string, error) {
	file := FlagText(cmd, databaseFile)
	switch {
	case file == "":
		return given, nil
	case given != defaultDatabase:
		return "", usage.Errorf("give --database or --database-file, not both")
	}
	content, err := smallfile.ReadText(file)
	if err != nil {
		return "", fmt.Errorf("database URL: %w", err)
	}
	url := strings.TrimSpace(content)
	if url == "" || strings.ContainsAny(url, "\r\n") {
		return "", fmt.Errorf("database URL: %q must hold one line, such as postgres://gavel:password@db.acme.example/gavel", file)
	}
	return url, nil
}

// FlagText reads a flag by its name; empty when the command has no such flag.
func FlagText(cmd *cobra.Command, name string) string {
	if f := cmd.Flags().Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}
