package events

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/ruleset"
)

func newErase() *cobra.Command {
	var at place.Place
	var address, output string
	var yes bool
	cmd := &cobra.Command{
		Use:   "erase",
		Short: "Erase a person from the stored events",
		Long: `Finds every stored event that contains the email address and, with --yes, removes
everything but the event's type, times and ids, and what its runs sent, received and
have still to send. This cannot be undone. If there is an archive, name it with --archive:
archived events are not found otherwise. A server searches its own archive.`,
		Example: `  gavel events erase --email jane@globex.example          show what would be erased
  gavel events erase --email jane@globex.example --yes    erase it
  gavel events erase --email jane@globex.example --yes --archive /var/lib/gavel/archive`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if address == "" {
				return usage.Errorf("give --email: the address of the person")
			}
			if remote, err := at.Remote(cmd); err == nil && remote {
				if err := at.NoArchiveAtServer(cmd); err != nil {
					return err
				}
			}
			at.Writes = yes
			return at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
				found, err := d.Erase(cmd.Context(), api.EraseRequest{Email: address, Confirm: yes})
				if err != nil {
					return err
				}
				return printErasure(cmd.OutOrStdout(), output, found)
			})
		},
	}
	at.Register(cmd)
	place.ArchiveFlag(cmd, &at.Archive)
	usage.Output(cmd, &output, "text", "json")
	cmd.Flags().StringVar(&address, "email", "", "address of the person")
	cmd.Flags().BoolVar(&yes, "yes", false, "erase; without it, only show what would be erased")
	return cmd
}

func printErasure(w io.Writer, output string, e *api.Erasure) error {
	if output == "json" {
		return terminal.JSON(w, e)
	}
	verb := "would be erased; add --yes to do it"
	if e.Erased {
		verb = "erased"
	}
	for _, id := range e.Events {
		fmt.Fprintln(w, terminal.Safe(id))
	}
	fmt.Fprintf(w, "%s with %s %s", terminal.Counted(len(e.Events), "event", "events"), terminal.Counted(e.Runs, "run", "runs"), verb)
	if e.Canceled > 0 {
		fmt.Fprintf(w, "; %s not ended", terminal.Counted(e.Canceled, "run has", "runs have"))
	}
	if e.Archived > 0 {
		fmt.Fprintf(w, "; %s archived", terminal.Counted(e.Archived, "event was", "events were"))
	}
	fmt.Fprintln(w)
	if e.Busy > 0 && e.Erased {
		fmt.Fprintf(w, "%s being carried out: erase once more when it has ended, for its last attempt.\n", terminal.Counted(e.Busy, "run was", "runs were"))
	}
	return nil
}
