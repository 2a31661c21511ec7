package ruleset

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/gavel-rules/gavel/internal/smallfile"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
)

// maxSecret is the largest file in the secrets folder, in bytes.
const maxSecret = 1 << 20

var environmentName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Secrets reads a folder of secrets, as container platforms mount them: each
// file is a variable with the name of the file, without one trailing line break.
// It ignores files with other names, such as hidden ones, and Gavel's own
// variables.
func Secrets(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("secrets folder: %w", err)
	}
	values := map[string]string{}
	for _, e := range entries {
		name := e.Name()
		if !environmentName.MatchString(name) || language.OwnVariable(name) {
			continue
		}
		value, err := readSecret(filepath.Join(dir, name))
		switch {
		case errors.Is(err, smallfile.ErrNotRegular):
		case err != nil:
			return nil, fmt.Errorf("secrets folder: %w", err)
		default:
			values[name] = value
		}
	}
	return values, nil
}

// readSecret follows links, because mounted secrets are links.
func readSecret(path string) (string, error) {
	raw, err := smallfile.ReadAtMost(path, maxSecret)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(smallfile.Text(raw), "\n"), "\r"), nil
}

// addSecrets adds the values of the secrets folder to env. They override
// variables of the same name.
func (o Options) addSecrets(env map[string]string) error {
	if o.SecretsDir == "" {
		return nil
	}
	values, err := Secrets(o.SecretsDir)
	maps.Copy(env, values)
	return err
}

// secretsFinding reports a secrets folder that cannot be read.
func secretsFinding(err error) text.Finding {
	return text.Finding{
		Severity: text.SeverityError, Message: err.Error(),
		Hint: "check --secrets-dir and the permissions of its files",
	}
}
