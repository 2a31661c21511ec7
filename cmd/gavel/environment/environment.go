// Package environment sets flags from environment variables: --console-token is
// GAVEL_CONSOLE_TOKEN.
package environment

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/internal/spelling"
	"github.com/gavel-rules/gavel/rules/text"
)

// Fill sets every flag that was not given from its GAVEL_ twin, and those that read
// a secret from the credentials of systemd.
func Fill(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var problems []error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "help" {
			return
		}
		name := environmentName(f.Name)
		value, ok := lookup(name)
		if !ok {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			// The value may be a secret, so it is not repeated.
			problem := fmt.Sprintf("environment variable %s: not a valid value for --%s", name, f.Name)
			if wants := usage.Wants(f); wants != "" {
				problem += "; " + wants
			}
			problems = append(problems, usage.Wrap(errors.New(problem)))
		}
		f.Annotations = map[string][]string{environmentMark: {name}}
	})
	if len(problems) == 0 {
		return useCredentials(flags, lookup)
	}
	return errors.Join(problems...)
}

// environmentMark marks a flag whose value came from its environment variable.
const environmentMark = "environment"

// Filled reports whether a flag has its value from its environment variable.
func Filled(f *pflag.Flag) bool { return f != nil && f.Annotations[environmentMark] != nil }

func environmentName(flag string) string {
	return "GAVEL_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// otherVariables are names that begin with GAVEL_ and set no flag: those of the
// tests, and those that Kubernetes makes for a service called gavel.
var otherVariables = regexp.MustCompile(`^GAVEL_(?:TEST_|POSTGRES_DURABLE$)|_SERVICE_(?:HOST|PORT)|_PORT(?:_|$)`)

// Variable is a variable that looks as if it set a flag. Its value may be
// a secret and is not repeated.
type Variable struct{ Name, Hint string }

// String is the variable with what to do, as a warning.
func (u Variable) String() string {
	text := "environment variable " + u.Name + " sets nothing"
	if u.Hint != "" {
		text += "; " + u.Hint
	}
	return text
}

// Unknown lists the variables of the environment that begin with GAVEL_
// and set no flag of any command, by name.
func Unknown(root *cobra.Command, environ []string) []Variable {
	var known []string
	var gather func(*cobra.Command)
	gather = func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) { known = append(known, environmentName(f.Name)) })
		for _, child := range c.Commands() {
			gather(child)
		}
	}
	gather(root)
	slices.Sort(known)
	known = slices.Compact(known)
	var out []Variable
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, "GAVEL_") || otherVariables.MatchString(name) || slices.Contains(known, name) {
			continue
		}
		u := Variable{Name: name}
		if best, ok := spelling.Nearest(name, known); ok {
			u.Hint = "did you mean " + text.Quote(best) + "?"
		}
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b Variable) int { return strings.Compare(a.Name, b.Name) })
	return out
}
