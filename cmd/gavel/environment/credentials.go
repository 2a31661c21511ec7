package environment

import (
	"os"
	"path/filepath"

	"github.com/spf13/pflag"
)

// directoryVariable names the folder in which systemd passes credentials.
const directoryVariable = "CREDENTIALS_DIRECTORY"

// credential is a credential of systemd and the flag that reads it as a file.
type credential struct{ name, file, value string }

func credentials() []credential {
	return []credential{
		{"gavel.signing-secret", "signing-secret-file", "signing-secret"},
		{"gavel.console-token", "console-token-file", "console-token"},
		{"gavel.database", "database-file", "database"},
		{"gavel.encryption-key", "encryption-key-file", ""},
		{"gavel.tls-cert", "tls-cert", ""},
		{"gavel.tls-key", "tls-key", ""},
	}
}

// useCredentials points flags that were not given to the credentials that systemd
// passes. Others in the same folder can be read by rules.
func useCredentials(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	dir, ok := lookup(directoryVariable)
	if info, err := os.Stat(dir); !ok || err != nil || !info.IsDir() {
		return nil
	}
	if err := point(flags, "secrets-dir", dir); err != nil {
		return err
	}
	for _, c := range credentials() {
		path := filepath.Join(dir, c.name)
		if _, err := os.Stat(path); err != nil || given(flags, c.value) {
			continue
		}
		if err := point(flags, c.file, path); err != nil {
			return err
		}
	}
	return nil
}

func given(flags *pflag.FlagSet, name string) bool {
	f := flags.Lookup(name)
	return f != nil && f.Changed
}

// point sets a flag that exists and was not given.
func point(flags *pflag.FlagSet, name, value string) error {
	f := flags.Lookup(name)
	if f == nil || f.Changed {
		return nil
	}
	f.Annotations = map[string][]string{environmentMark: {directoryVariable}}
	return flags.Set(name, value)
}
