package signature

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/receiver"
)

// New returns the command "gavel signature".
func New() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "signature",
		Short:   "Detect how events are signed",
		Example: "  gavel signature detect --secret \"$SECRET\" --request captured.txt",
		Args:    usage.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDetect())
	return cmd
}

func newDetect() *cobra.Command {
	var secret, secretFile, file, output string
	cmd := &cobra.Command{
		Use:   "detect",
		Short: "Find the settings that verify a captured request",
		Long: `Reads one captured request, tries every header, encoding, hash and scheme with the
secret, and prints the flags for serve. The request is a text file: the header
lines as received, an empty line, then the body byte for byte.`,
		Example: `  gavel signature detect --secret "$SECRET" --request captured.txt
  gavel signature detect --secret "$SECRET" --request - < captured.txt`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if secret == "" && secretFile != "" {
				settings, err := (&Flags{SecretFile: secretFile}).Settings()
				if err != nil {
					return err
				}
				if len(settings.Secrets) == 1 {
					secret = settings.Secrets[0].Value
				}
			}
			switch {
			case secret == "":
				return usage.Errorf("give --secret, the signing secret of the webhook, or --secret-file")
			case file == "":
				return usage.Errorf("give --request: a file with the captured request, or - for standard input")
			}
			header, body, err := ReadCaptured(cmd.InOrStdin(), file)
			if err != nil {
				return err
			}
			return printDetected(cmd, output, receiver.Detect(secret, header, body), header)
		},
	}
	cmd.Flags().StringVar(&secret, "secret", "", "secret that the request was signed with")
	cmd.Flags().StringVar(&secretFile, "secret-file", "", "file with that secret")
	cmd.Flags().StringVar(&file, "request", "", "file with the captured request; - reads standard input")
	usage.Output(cmd, &output, "text", "json")
	return cmd
}

// longestCaptured bounds a captured request, in bytes.
const longestCaptured = 16 << 20

// ReadCaptured reads a captured request from a file, or from in if it is "-".
func ReadCaptured(in io.Reader, file string) (http.Header, []byte, error) {
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, nil, fmt.Errorf("read the request: %w", err)
		}
		defer f.Close()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, longestCaptured))
	if err != nil {
		return nil, nil, fmt.Errorf("read the request: %w", err)
	}
	header, body, err := parseCaptured(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("read the request: %w", err)
	}
	return header, body, nil
}

// parseCaptured splits a request at its empty line. The body is kept as it is,
// whatever its Content-Length says: an editor may have added a line break.
func parseCaptured(raw []byte) (http.Header, []byte, error) {
	head, body, found := bytes.Cut(raw, []byte("\r\n\r\n"))
	if other, rest, ok := bytes.Cut(raw, []byte("\n\n")); ok && (!found || len(other) < len(head)) {
		head, body, found = other, rest, true
	}
	if !found {
		return nil, nil, errors.New("there is no empty line between header and body")
	}
	if first, rest, ok := bytes.Cut(head, []byte("\n")); ok && !strings.Contains(strings.Fields(string(first) + " .")[0], ":") {
		head = rest // the request line
	}
	lines := textproto.NewReader(bufio.NewReader(io.MultiReader(bytes.NewReader(head), strings.NewReader("\r\n\r\n"))))
	header, err := lines.ReadMIMEHeader()
	if err != nil {
		return nil, nil, fmt.Errorf("the header lines cannot be read: %w", err)
	}
	return http.Header(header), body, nil
}

// detected is one way to verify the request.
type detected struct {
	Scheme string   `json:"scheme"`
	Header string   `json:"header"`
	Flags  []string `json:"flags"`
}

func printDetected(cmd *cobra.Command, output string, found []receiver.Signature, header http.Header) error {
	list := make([]detected, 0, len(found))
	for _, s := range found {
		list = append(list, detected{Scheme: s.Scheme, Header: s.Header, Flags: Args(s)})
	}
	out := cmd.OutOrStdout()
	if output == "json" {
		if err := terminal.JSON(out, list); err != nil {
			return err
		}
	}
	if len(list) == 0 {
		return fmt.Errorf("no header of the request is a signature of its body under this secret (%d headers tried); "+
			"check that the secret is that of this webhook and that the body is complete, byte for byte", len(header))
	}
	if output == "json" {
		return nil
	}
	for i, d := range list {
		if i > 0 {
			fmt.Fprintln(out, "\nIt verifies in another way, too:")
		}
		line := "gavel serve"
		for _, flag := range d.Flags {
			line += " " + ShellWord(flag)
		}
		fmt.Fprintf(out, "The request verifies: header %s, scheme %s.\n\n  %s\n", terminal.Safe(d.Header), d.Scheme, terminal.Safe(line))
	}
	return nil
}

// Args returns the flags that differ from the defaults of the scheme.
func Args(s receiver.Signature) []string {
	base := receiver.Signature{}
	for _, scheme := range receiver.Schemes() {
		if scheme.Scheme == s.Scheme {
			base = scheme
		}
	}
	var args []string
	if s.Scheme != receiver.Schemes()[0].Scheme {
		args = append(args, "--signature-scheme", s.Scheme)
	}
	add := func(flag, value, usual string) {
		if value != usual && value != "" {
			args = append(args, "--signature-"+flag, value)
		}
	}
	// Header names are compared as HTTP does, in any case.
	add("header", s.Header, http.CanonicalHeaderKey(base.Header))
	add("encoding", string(s.Encoding), string(base.Encoding))
	add("hash", string(s.Hash), string(receiver.SHA256))
	add("prefix", s.Prefix, base.Prefix)
	add("text", s.Text, base.Text)
	add("timestamp-header", s.TimestampHeader, http.CanonicalHeaderKey(base.TimestampHeader))
	add("id-header", s.IDHeader, http.CanonicalHeaderKey(base.IDHeader))
	usual := base.SecretEncoding
	if usual == "" {
		usual = receiver.SecretText
	}
	add("secret-encoding", string(s.SecretEncoding), string(usual))
	return args
}

// ShellWord quotes special characters for a shell.
func ShellWord(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,+@%", r))
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
