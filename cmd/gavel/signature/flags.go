// Package signature has the flags that say how events are signed, and "gavel
// signature", which detects them from a captured request.
package signature

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/internal/smallfile"
	"github.com/gavel-rules/gavel/receiver"
)

// Placeholder stands in for the secret in the files that "gavel init" writes.
// Nobody may use it: it is known to all.
const Placeholder = "replace-with-the-signing-secret"

// Flags say how events are signed. Everything but the secret has a
// default from the scheme.
type Flags struct {
	scheme     string
	secrets    []string
	SecretFile string
	header     string
	encoding   string
	hash       string
	prefix     string
	tolerance  time.Duration

	text            string
	timestampHeader string
	idHeader        string
	secretEncoding  string
}

// Register adds the flags to a command; secretName is the flag of the secret.
func (f *Flags) Register(cmd *cobra.Command, secretName string) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.secrets, secretName, nil, "secret that events are signed with; while rotating, repeat the flag or write one per line in the variable")
	flags.StringVar(&f.SecretFile, secretName+"-file", "", "file with one signing secret per line, each with an optional end date")
	var names []string
	for _, s := range receiver.Schemes() {
		names = append(names, s.Scheme)
	}
	f.scheme = names[0] // first, because OneOf reads it for the help
	flags.Var(usage.OneOf(&f.scheme, names), "signature-scheme", "how events are signed: "+strings.Join(names, ", "))
	flags.StringVar(&f.header, "signature-header", "", "header that carries the signature (default "+receiver.DefaultHeader+", or that of the scheme)")
	flags.StringVar(&f.encoding, "signature-encoding", "", "hex or base64 (default that of the scheme: hex)")
	flags.StringVar(&f.hash, "signature-hash", "", "hash of the HMAC: sha256, sha1, sha384 or sha512 (default sha256)")
	flags.StringVar(&f.prefix, "signature-prefix", "", "text before the signature in its header, such as sha256=")
	flags.StringVar(&f.text, "signature-text", "", "what is signed, such as {timestamp}.{body} (default that of the scheme: {body})")
	flags.StringVar(&f.timestampHeader, "signature-timestamp-header", "", "header that carries the signed timestamp")
	flags.StringVar(&f.idHeader, "signature-id-header", "", "header that carries the signed id")
	flags.StringVar(&f.secretEncoding, "signature-secret-encoding", "", "how the key is written in the secret: text, hex or base64 (default that of the scheme: text)")
	flags.DurationVar(&f.tolerance, "signature-tolerance", 0, "how far a signed timestamp may be from now (default that of the scheme)")
}

// Settings returns the settings of the flags, with the secrets of the file.
func (f *Flags) Settings() (receiver.Signature, error) {
	s := receiver.Signature{
		Scheme: f.scheme, Header: f.header, Encoding: receiver.Encoding(f.encoding), Hash: receiver.Hash(f.hash), Prefix: f.prefix, Tolerance: f.tolerance,
		Text: f.text, TimestampHeader: f.timestampHeader, IDHeader: f.idHeader, SecretEncoding: receiver.Encoding(f.secretEncoding),
	}
	for _, secret := range f.given() {
		s.Secrets = append(s.Secrets, receiver.Secret{Value: secret})
	}
	if f.SecretFile == "" {
		return s, nil
	}
	content, err := smallfile.ReadText(f.SecretFile)
	if err != nil {
		return s, fmt.Errorf("signing secrets: %w", err)
	}
	more, err := parseSecrets(content)
	if err != nil {
		return s, fmt.Errorf("signing secrets in %s: %w", f.SecretFile, err)
	}
	s.Secrets = append(s.Secrets, more...)
	return s, nil
}

// SettingsOrServed is Settings, but without a secret takes that of "gavel serve"
// from the environment.
func (f *Flags) SettingsOrServed() (receiver.Signature, error) {
	if len(f.given()) == 0 && f.SecretFile == "" {
		f.secrets = []string{os.Getenv("GAVEL_SIGNING_SECRET")}
	}
	return f.Settings()
}

// given returns the secrets of the flag, or of its variable: one per line.
func (f *Flags) given() []string {
	var secrets []string
	for _, value := range f.secrets {
		for line := range strings.Lines(value) {
			if line = strings.TrimSpace(line); line != "" {
				secrets = append(secrets, line)
			}
		}
	}
	return secrets
}

// Doubtful returns a warning about a probable mistake; empty if there is none.
// It contains no secret.
func (f *Flags) Doubtful() string {
	for _, secret := range f.given() {
		if strings.Contains(secret, ",") {
			return "a signing secret contains a comma and is used as one secret; for several, repeat the flag or write one per line"
		}
	}
	return ""
}

// Unfilled returns an error if a secret is the placeholder.
func (f *Flags) Unfilled() error {
	s, err := f.Settings()
	if err != nil {
		return err
	}
	for _, secret := range s.Secrets {
		if secret.Value == Placeholder {
			return usage.Errorf("the signing secret is still the placeholder that \"gavel init\" wrote: replace it, in gavel.env behind GAVEL_SIGNING_SECRET=, with the secret of the webhook's page at Cirrus Insight")
		}
	}
	return nil
}

// parseSecrets reads one secret per line, each with an optional end: a date or
// a time in RFC 3339. Empty lines and lines that begin with # are ignored.
func parseSecrets(content string) ([]receiver.Secret, error) {
	var secrets []receiver.Secret
	number := 0
	for line := range strings.Lines(content) {
		number++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		secret := receiver.Secret{Value: fields[0]}
		if len(fields) > 1 {
			end, err := parseEnd(fields[1])
			if err != nil || len(fields) > 2 {
				return nil, fmt.Errorf("line %d: only an end date such as 2026-12-31 may follow the secret", number)
			}
			secret.NotAfter = end
		}
		secrets = append(secrets, secret)
	}
	return secrets, nil
}

// parseEnd reads a date, which is valid until its end in UTC, or a time.
func parseEnd(s string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day.AddDate(0, 0, 1), nil
	}
	return time.Parse(time.RFC3339, s)
}
