package environment_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"

	"github.com/gavel-rules/gavel/cmd/gavel/environment"
)

func TestCredentialsAreUsedUnlessGiven(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"gavel.database", "gavel.signing-secret", "gavel.tls-key", "SLACK_BOT_TOKEN"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	check := func(variables map[string]string, want map[string]string) {
		t.Helper()
		flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
		for _, name := range []string{"database", "database-file", "signing-secret", "signing-secret-file", "console-token-file", "tls-key", "secrets-dir"} {
			flags.String(name, "", "")
		}
		err := environment.Fill(flags, func(name string) (string, bool) { v, ok := variables[name]; return v, ok })
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range want {
			if got := flags.Lookup(name).Value.String(); got != value {
				t.Errorf("with %v: --%s is %q, want %q", variables, name, got, value)
			}
		}
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	check(map[string]string{"CREDENTIALS_DIRECTORY": dir}, map[string]string{
		"database-file": in("gavel.database"), "signing-secret-file": in("gavel.signing-secret"), "tls-key": in("gavel.tls-key"),
		"console-token-file": "", "secrets-dir": dir,
	})
	check(map[string]string{"CREDENTIALS_DIRECTORY": dir, "GAVEL_DATABASE": "sqlite:x.db", "GAVEL_SECRETS_DIR": "/run/secrets", "GAVEL_SIGNING_SECRET_FILE": "s"},
		map[string]string{"database-file": "", "secrets-dir": "/run/secrets", "signing-secret-file": "s"})
	check(map[string]string{"CREDENTIALS_DIRECTORY": in("none")}, map[string]string{"database-file": "", "secrets-dir": ""})
	check(nil, map[string]string{"database-file": "", "secrets-dir": ""})
}
