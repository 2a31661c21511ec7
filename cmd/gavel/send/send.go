// Package send implements "gavel send", which sends one signed sample event.
package send

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/signature"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/receiver"
)

// New returns the command "gavel send".
func New() *cobra.Command {
	var url, eventType, file, output string
	var set []string
	var signing signature.Flags
	cmd := &cobra.Command{
		Use:   "send",
		Short: "Send one signed sample event, as Cirrus Insight would",
		Long: `Sends one event to a running Gavel, signed like the vendor's: a made-up sample of
the given type, or the content of a file. --set changes fields of it; meeting.
names the fields of the meeting, any other name a field of the event itself. Without
--secret it is signed with GAVEL_SIGNING_SECRET, which "gavel serve" reads.`,
		Example: `  gavel send --secret "$SECRET" --event scheduling.smartscheduler.canceled
  gavel send --secret "$SECRET" --set meeting.meetingOwner.username=kim@acme.example
  gavel send --env-file gavel.env --event developer.webhook.test
  gavel send --secret "$SECRET" --file captured.json --set eventId=again-1`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if hint := usage.TypeHint(eventType); hint != "" && file == "" {
				fmt.Fprintf(cmd.ErrOrStderr(), "gavel: %q is no documented event type; did you mean %q?\n", eventType, hint)
			}
			body, err := sendBody(cmd.InOrStdin(), file, eventType, set)
			if err != nil {
				return err
			}
			settings, err := signing.SettingsOrServed()
			if err != nil {
				return err
			}
			if len(settings.Secrets) == 0 {
				return usage.Errorf("give --secret: the signing secret of the Gavel that the event goes to; or GAVEL_SIGNING_SECRET, such as with --env-file gavel.env")
			}
			return send(cmd, url, body, settings, output)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&url, "url", "http://127.0.0.1:8080"+receiver.DefaultPath, "where to send it")
	signing.Register(cmd, "secret")
	flags.StringVar(&eventType, "event", event.TypeScheduled, "type of the sample event")
	flags.StringVar(&file, "file", "", "send this file instead of a sample; - reads standard input")
	flags.StringArrayVar(&set, "set", nil, "change a field: NAME=VALUE; can be repeated")
	usage.Output(cmd, &output, "text", "json")
	return cmd
}

// sendBody returns the event to send.
func sendBody(in io.Reader, file, eventType string, set []string) (body []byte, err error) {
	switch {
	case file == "" && own.Is(eventType):
		return nil, usage.Errorf("--event %s: only Gavel itself makes events of type %s*; try a rule with gavel test or gavel explain", eventType, own.Prefix)
	case file == "":
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		body, err = sample.Body(eventType, id.String(), time.Now())
		if err != nil {
			return nil, err
		}
	default:
		body, err = usage.ReadInput(in, file)
	}
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	for _, assignment := range set {
		name, value, ok := strings.Cut(assignment, "=")
		if !ok {
			return nil, usage.Errorf("--set %q: write NAME=VALUE", assignment)
		}
		if body, err = sample.Set(body, name, value); err != nil {
			return nil, usage.Errorf("--set %s: %w", name, err)
		}
	}
	return body, nil
}

func send(cmd *cobra.Command, url string, body []byte, settings receiver.Signature, output string) error {
	r, err := Post(cmd.Context(), url, body, settings)
	if err != nil {
		return err
	}
	if output == "json" {
		if err := terminal.JSON(cmd.OutOrStdout(), r); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(cmd.OutOrStdout(), "%d %s %s\n", r.Status, http.StatusText(r.Status), terminal.Safe(r.Body))
	}
	if r.Status != http.StatusOK {
		return usage.ErrFindings
	}
	return nil
}
