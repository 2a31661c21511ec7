package usage

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gavel-rules/gavel/internal/spelling"
)

// Flag explains an error of the flags in words of ours: pflag repeats Go's.
func Flag(cmd *cobra.Command, err error) error {
	if missing, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return Errorf("%w%s", err, nearFlag(cmd, missing.GetSpecifiedName()))
	}
	invalid, ok := errors.AsType[*pflag.InvalidValueError](err)
	if !ok {
		return Wrap(err)
	}
	flag, why := invalid.GetFlag(), invalid.Unwrap()
	if text := Wants(flag); text != "" && (!ours(flag) || errors.Is(why, strconv.ErrSyntax) || errors.Is(why, strconv.ErrRange)) {
		why = errors.New(text)
	}
	return Errorf("invalid value %q for \"--%s\": %w", invalid.GetValue(), flag.Name, why)
}

// ours reports whether a flag is of this package, whose errors need no other
// words.
func ours(flag *pflag.Flag) bool {
	switch flag.Value.(type) {
	case *whole, *choice, *when:
		return true
	}
	return false
}

// Wants says what to write for a flag; empty when it takes any text.
func Wants(flag *pflag.Flag) string {
	switch v := flag.Value.(type) {
	case *choice:
		return "use one of " + strings.Join(v.allowed, ", ")
	case *when:
		return errMoment.Error()
	case *whole:
		return fmt.Sprintf("write a whole number, %d or more", v.least)
	}
	switch flag.Value.Type() {
	case "int", "int64":
		return errWhole.Error()
	case "duration":
		return "write a duration such as 90s, 15m or 24h"
	case "bool":
		return "write true or false"
	case "stringSlice":
		return "write values separated by commas; a value with a comma or a quotation mark needs quotation marks around it, and those inside twice"
	}
	return ""
}

// nearFlag suggests the flag that a misspelt one most likely is.
func nearFlag(cmd *cobra.Command, name string) string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if best, ok := spelling.Nearest(name, names); ok && len(name) > 1 {
		return "; did you mean --" + best + "?"
	}
	return ""
}
