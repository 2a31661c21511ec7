package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/receiver"
)

func newSend() *cobra.Command {
	var url, eventType, file, output string
	var set []string
	var signature signatureFlags
	cmd := &cobra.Command{
		Use:   "send",
		Short: "Send one signed sample event, as Cirrus Insight would",
		Long: `Sends one event to a running Gavel, signed like the vendor's: a made-up sample of
the given type, or the content of a file. --set changes fields of it; meeting.
names the fields of the meeting, any other name a field of the event itself.`,
		Example: `  gavel send --secret "$SECRET" --event scheduling.smartscheduler.canceled
  gavel send --secret "$SECRET" --set meeting.meetingOwner.username=kim@acme.example
  gavel send --secret "$SECRET" --file captured.json --set eventId=again-1`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			body, err := sendBody(cmd.InOrStdin(), file, eventType, set)
			if err != nil {
				return err
			}
			settings, err := signature.settings()
			if err != nil {
				return err
			}
			if len(settings.Secrets) == 0 {
				return usageError{errors.New("give --secret: the signing secret of the Gavel that the event goes to")}
			}
			return send(cmd, url, body, settings, output)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&url, "url", "http://127.0.0.1:8080"+receiver.DefaultPath, "where to send it")
	signature.register(cmd, "secret")
	flags.StringVar(&eventType, "event", event.TypeScheduled, "type of the sample event")
	flags.StringVar(&file, "file", "", "send this file instead of a sample; - reads standard input")
	flags.StringArrayVar(&set, "set", nil, "change a field: NAME=VALUE; can be repeated")
	outputFlag(cmd, &output, "text", "json")
	return cmd
}

// sendBody makes the event to send.
func sendBody(in io.Reader, file, eventType string, set []string) (body []byte, err error) {
	switch file {
	case "":
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		body, err = event.Sample(eventType, id.String(), time.Now())
		if err != nil {
			return nil, err
		}
	case "-":
		body, err = io.ReadAll(in)
	default:
		body, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	for _, assignment := range set {
		name, value, ok := strings.Cut(assignment, "=")
		if !ok {
			return nil, usageError{fmt.Errorf("--set %q: write NAME=VALUE", assignment)}
		}
		if body, err = event.Set(body, name, value); err != nil {
			return nil, usageError{fmt.Errorf("--set %s: %w", name, err)}
		}
	}
	return body, nil
}

// reply is what the receiver answered.
type reply struct {
	Status  int    `json:"http_status"`
	EventID string `json:"eventId,omitempty"`
	Outcome string `json:"status,omitempty"`
	Body    string `json:"body"`
}

func send(cmd *cobra.Command, url string, body []byte, settings receiver.Signature, output string) error {
	r, err := post(cmd.Context(), url, body, settings)
	if err != nil {
		return err
	}
	if output == "json" {
		if err := printJSON(cmd.OutOrStdout(), r); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(cmd.OutOrStdout(), "%d %s %s\n", r.Status, http.StatusText(r.Status), printable(r.Body))
	}
	if r.Status != http.StatusOK {
		return errFindings
	}
	return nil
}

// post signs body and delivers it once.
func post(ctx context.Context, url string, body []byte, settings receiver.Signature) (reply, error) {
	headers, err := receiver.Sign(settings, body, time.Now())
	if err != nil {
		return reply{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return reply{}, usageError{fmt.Errorf("--url: %w", err)}
	}
	req.Header = headers
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}, fmt.Errorf("send the event: %w; is Gavel running there?", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return reply{}, fmt.Errorf("read the answer: %w", err)
	}
	r := reply{Status: res.StatusCode, Body: strings.TrimSpace(string(answer))}
	r.EventID, r.Outcome = parseAnswer(answer)
	return r, nil
}

func parseAnswer(answer []byte) (eventID, outcome string) {
	var a struct {
		EventID string `json:"eventId"`
		Status  string `json:"status"`
	}
	if json.Unmarshal(answer, &a) != nil {
		return "", ""
	}
	return a.EventID, a.Status
}
