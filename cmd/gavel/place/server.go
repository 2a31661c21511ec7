package place

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api/client"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/cmd/gavel/version"
	"github.com/gavel-rules/gavel/internal/smallfile"
)

// RegisterServer adds the flags for a server.
func (p *Place) RegisterServer(cmd *cobra.Command, usage string) {
	flags := cmd.Flags()
	flags.StringVar(&p.Server, "server", p.Server, usage)
	flags.StringVar(&p.token, "server-token", "", "console token of the server")
	flags.StringVar(&p.tokenFile, "server-token-file", "", "file with the console token of the server")
	flags.StringVar(&p.ca, "server-ca", "", "CA certificates (PEM) to trust, as a file")
	flags.BoolVar(&p.plain, "server-insecure", false, "send the token over plain HTTP to another machine; others can then read it")
}

// WithServer opens a client for the server.
func (p *Place) WithServer(do func(*client.Client) error) error {
	o := client.Options{URL: p.Server, Token: p.token, PlainToken: p.plain, Version: version.Current().Version}
	var err error
	if p.tokenFile != "" {
		if o.Token != "" {
			return usage.Errorf("give --server-token or --server-token-file, not both")
		}
		if o.Token, err = readToken(p.tokenFile); err != nil {
			return err
		}
	}
	if p.ca != "" {
		if o.CA, err = smallfile.Read(p.ca); err != nil {
			return fmt.Errorf("--server-ca: %w", err)
		}
	}
	c, err := client.New(o)
	if err != nil {
		return usage.Wrap(hinted(fmt.Errorf("--server: %w", err)))
	}
	defer c.Close()
	return hinted(do(c))
}

// readToken reads the first token of a file, which may be the server's own.
func readToken(file string) (string, error) {
	raw, err := smallfile.Read(file)
	if err != nil {
		return "", fmt.Errorf("--server-token-file: %w", err)
	}
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return line, nil
		}
	}
	return "", fmt.Errorf("--server-token-file: %q is empty", file)
}

// hinted adds to an error of a server what to do about it.
func hinted(err error) error {
	for kind, hint := range map[error]string{
		client.ErrUnreachable: `is "gavel serve" running, with this --console address, and is it reachable from here?`,
		client.ErrUntrusted:   "for a private certificate, name the file of its CA with --server-ca",
		client.ErrNoToken:     "give the --console-token of that Gavel as GAVEL_SERVER_TOKEN, or in a file with --server-token-file",
		client.ErrWrongToken:  "it must be the --console-token that this Gavel was started with",
		client.ErrPlainToken:  "use https:// through a proxy, or a tunnel to 127.0.0.1; on a network that you trust, add --server-insecure",
		client.ErrNotGavel:    "look for the address in the line \"ready\" of its log, behind console=",
		client.ErrRedirect:    "give the address where it ends as --server",
		client.ErrVersion:     "use the same version of gavel on both sides",
	} {
		if errors.Is(err, kind) {
			return fmt.Errorf("%w\n%s", err, hint)
		}
	}
	return err
}
