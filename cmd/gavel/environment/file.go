package environment

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/gavel-rules/gavel/internal/smallfile"
)

// FileFlag is the flag that names a file with environment variables.
const FileFlag = "env-file"

// LoadFile sets the variables of the file that --env-file or GAVEL_ENV_FILE names.
// What the environment has already stays.
func LoadFile(flags *pflag.FlagSet) error {
	f := flags.Lookup(FileFlag)
	if f == nil {
		return nil
	}
	name := f.Value.String()
	if name == "" {
		name = os.Getenv(environmentName(FileFlag))
	}
	if name == "" {
		return nil
	}
	content, err := smallfile.ReadText(name)
	if err != nil {
		return fmt.Errorf("--%s: %w", FileFlag, err)
	}
	variables, err := parseFile(content)
	if err != nil {
		return fmt.Errorf("--%s: %s: %w", FileFlag, name, err)
	}
	for _, v := range variables {
		if _, there := os.LookupEnv(v[0]); there {
			continue
		}
		if err := os.Setenv(v[0], v[1]); err != nil {
			return fmt.Errorf("--%s: %s: %s: %w", FileFlag, name, v[0], err)
		}
	}
	return nil
}

// parseFile reads NAME=VALUE lines as systemd and Docker Compose do: # begins a
// comment line, quotation marks around a value are no part of it, and nothing is
// expanded. Errors repeat no value, which may be a secret.
func parseFile(content string) ([][2]string, error) {
	var out [][2]string
	number := 0
	for line := range strings.Lines(content) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		name, value, found := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		name = strings.TrimSpace(name)
		if !found || name == "" || strings.ContainsAny(name, " \t'\"") {
			return nil, fmt.Errorf("line %d is not NAME=VALUE", number)
		}
		value = strings.TrimSpace(value)
		if value != "" && (value[0] == '\'' || value[0] == '"') {
			if len(value) < 2 || value[len(value)-1] != value[0] {
				return nil, fmt.Errorf("line %d: the quotation mark of %s is not closed on this line", number, name)
			}
			value = value[1 : len(value)-1]
		}
		out = append(out, [2]string{name, value})
	}
	return out, nil
}
