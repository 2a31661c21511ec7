// Package health implements "gavel health", which tells a container engine or a
// script whether the Gavel beside it runs.
package health

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api/client"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
)

// patience is above what a server allows its own checks.
const patience = 10 * time.Second

// New returns the command "gavel health".
func New() *cobra.Command {
	var at place.Place
	var console string
	var ready bool
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Check that a running Gavel answers, for container health checks",
		Long: `Asks the console address of a running Gavel whether it is alive and exits with 0, or
with 1 and the reason. With --ready it must also be able to store events. No token is
required.

It reads the same GAVEL_CONSOLE as "gavel serve". If that is an address on all
interfaces, such as 0.0.0.0:8081, it asks the loopback interface.`,
		Example: `  gavel health
  gavel health --ready --server https://gavel.acme.example
  HEALTHCHECK CMD ["/gavel", "health"]`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := address(cmd, &at, console); err != nil {
				return err
			}
			return at.WithServer(func(c *client.Client) error {
				ctx, cancel := context.WithTimeoutCause(cmd.Context(), patience, errSlow)
				defer cancel()
				return told(ctx, ask(ctx, c, ready, cmd.OutOrStdout()))
			})
		},
	}
	at.RegisterServer(cmd, "ask this console address, such as https://gavel.acme.example, instead of --console")
	cmd.Flags().StringVar(&console, "console", "127.0.0.1:8081", "console address of the Gavel on this machine")
	cmd.Flags().BoolVar(&ready, "ready", false, "ask whether events can be stored, not only whether the process answers")
	return cmd
}

var errSlow = fmt.Errorf("no answer within %s", patience)

// told names the time that is over instead of a context.
func told(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errSlow) {
		return errSlow
	}
	return err
}

func ask(ctx context.Context, c *client.Client, ready bool, out io.Writer) error {
	if !ready {
		if err := c.Alive(ctx); err != nil {
			return err
		}
		_, err := fmt.Fprintf(out, "%s is alive\n", c.Address())
		return err
	}
	r, err := c.Ready(ctx)
	if err != nil {
		return err
	}
	if !r.Ready {
		return fmt.Errorf("%s is not ready: %s", c.Address(), strings.Join(lines(r.Checks), "; "))
	}
	text := c.Address() + " is ready\n"
	for _, line := range lines(r.Warnings) {
		text += "warning: " + line + "\n"
	}
	_, err = io.WriteString(out, text)
	return err
}

// lines returns the parts that have a text, in order.
func lines(parts map[string]string) []string {
	var out []string
	for part, text := range parts {
		if text != "" {
			out = append(out, part+": "+text)
		}
	}
	slices.Sort(out)
	return out
}

// address makes at the server to ask: --server, or --console where it was
// typed or no server is named.
func address(cmd *cobra.Command, at *place.Place, console string) error {
	typed := place.Typed(cmd, "console")
	switch {
	case typed && place.Typed(cmd, "server"):
		return usage.Errorf("give --console or --server, not both")
	case at.Server != "" && !typed:
		return nil
	}
	host, port, err := net.SplitHostPort(console)
	if err != nil || port == "" || port == "0" {
		return usage.Errorf("--console: %q is not an address with a port, such as 127.0.0.1:8081", console)
	}
	// On any of these, serve listens on IPv4 and IPv6.
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	at.Server = "http://" + net.JoinHostPort(host, port)
	return nil
}
