package place

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/environment"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/internal/smallfile"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

// defaultDatabase is the database of serve by default.
const defaultDatabase = "sqlite:gavel.db"

// DatabaseFlag adds the flags for a database and its encryption keys.
func DatabaseFlag(cmd *cobra.Command, value *string) {
	cmd.Flags().StringVar(value, "database", defaultDatabase, "database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
	cmd.Flags().String(databaseFile, "", "file with the database URL, for URLs with a password")
	cmd.Flags().String(EncryptionKeyFile, "", "file with the keys that encrypt stored events, one per line; the first is used for new data")
}

// ArchiveFlag adds the flag for commands that read archived events as well.
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
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w\nname the database of \"gavel serve\" with --database, or ask a running Gavel with --server", err)
	case err != nil:
		return err
	}
	defer store.Close()
	return do(store)
}

// AccessFor returns write access only for commands that write.
func AccessFor(writes bool) vault.Access {
	if writes {
		return vault.Write
	}
	return vault.Read
}

// Names of flags that several commands have.
const (
	EncryptionKeyFile = "encryption-key-file"
	SecretsDir        = "secrets-dir"
	databaseFile      = "database-file"
	redactFields      = "redact-fields"
)

// DatabaseURL returns the given URL, or the one in the given file. What is on the
// command line wins over what is in the environment, which an image may set.
func DatabaseURL(cmd *cobra.Command, given string) (string, error) {
	file := FlagText(cmd, databaseFile)
	url, named := cmd.Flags().Lookup("database"), cmd.Flags().Lookup(databaseFile)
	switch {
	case file == "":
		return given, nil
	case given == defaultDatabase, environment.Filled(url) && !environment.Filled(named):
		given = ""
	case environment.Filled(named) && !environment.Filled(url):
		file = ""
	}
	return URLOrFile("database", given, file)
}

// URLOrFile returns the URL of a database given with one of the flags --NAME and
// --NAME-file; empty if neither was.
func URLOrFile(name, given, file string) (string, error) {
	switch {
	case file == "":
		return given, nil
	case given != "":
		return "", usage.Errorf("give --%[1]s or --%[1]s-file, not both", name)
	}
	content, err := smallfile.ReadText(file)
	if err != nil {
		return "", fmt.Errorf("database URL: %w", err)
	}
	url := strings.TrimSpace(content)
	if url == "" || strings.ContainsAny(url, "\r\n") {
		return "", fmt.Errorf("database URL: %q must have one line, such as postgres://gavel:password@db.acme.example/gavel", file)
	}
	return url, nil
}

// FlagText returns the value of a flag; empty when the command has no such
// flag.
func FlagText(cmd *cobra.Command, name string) string {
	if f := cmd.Flags().Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}
