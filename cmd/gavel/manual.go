package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
)

// manualPage is one command, as tools/release reads it.
type manualPage struct {
	Use      string       `json:"use"`
	Short    string       `json:"short"`
	Long     string       `json:"long,omitempty"`
	Example  string       `json:"example,omitempty"`
	Flags    []manualFlag `json:"flags,omitempty"`
	Commands []manualPage `json:"commands,omitempty"`
}

type manualFlag struct {
	Name       string `json:"name"`
	Shorthand  string `json:"shorthand,omitempty"`
	Type       string `json:"type"`
	Usage      string `json:"usage"`
	Default    string `json:"default,omitempty"`
	Persistent bool   `json:"persistent,omitempty"`
}

// newManual is hidden: only the release tool needs it. It keeps the library
// that writes man pages out of the program.
func newManual() *cobra.Command {
	return &cobra.Command{
		Use:    "manual",
		Short:  "Print all commands and flags as JSON, for making man pages",
		Hidden: true,
		Args:   usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return terminal.JSON(cmd.OutOrStdout(), manualOf(cmd.Root()))
		},
	}
}

func manualOf(c *cobra.Command) manualPage {
	page := manualPage{Use: c.Use, Short: c.Short, Long: c.Long, Example: c.Example}
	persistent := c.PersistentFlags()
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		page.Flags = append(page.Flags, manualFlag{
			Name: f.Name, Shorthand: f.Shorthand, Type: f.Value.Type(), Usage: f.Usage,
			Default: f.DefValue, Persistent: persistent.Lookup(f.Name) != nil,
		})
	})
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() {
			page.Commands = append(page.Commands, manualOf(child))
		}
	}
	return page
}
