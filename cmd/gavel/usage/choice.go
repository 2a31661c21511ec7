package usage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// choice is a flag value out of a fixed list; the first is the default.
type choice struct {
	value   *string
	allowed []string
}

func (c *choice) String() string { return *c.value }

func (c *choice) Type() string { return strings.Join(c.allowed, "|") }

func (c *choice) Set(s string) error {
	if s == "text" && slices.Contains(c.allowed, "table") {
		s = "table" // what it was called before
	}
	if !slices.Contains(c.allowed, s) {
		return fmt.Errorf("must be one of %s", strings.Join(c.allowed, ", "))
	}
	*c.value = s
	return nil
}

var _ pflag.Value = (*choice)(nil)

// Output adds the --output flag; the first of allowed is the default.
func Output(cmd *cobra.Command, value *string, allowed ...string) {
	*value = allowed[0]
	cmd.Flags().VarP(OneOf(value, allowed), "output", "o", "how to print: "+strings.Join(allowed, ", "))
}

// OneOf returns a flag that accepts only the allowed values.
func OneOf(value *string, allowed []string) *choice { return &choice{value, allowed} }
