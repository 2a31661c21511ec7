// Package doctor implements "gavel doctor", which checks everything that a Gavel
// needs before it serves.
package doctor

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/checkup"
	"github.com/gavel-rules/gavel/cmd/gavel/environment"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/serve"
	"github.com/gavel-rules/gavel/cmd/gavel/signature"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/internal/smallfile"
)

// flags are the flags of doctor beside those of serve.
type flags struct {
	serve   serve.Settings
	at      place.Place
	request string
	output  string
}

// New returns the command "gavel doctor".
func New() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check everything that serve needs, and say what to do",
		Long: `Takes the flags and environment variables of "gavel serve" and checks what it needs: rules
and their tests, the database, secrets, the signature of one captured request, the
destinations, addresses, limits, time zones and the clock. It sends no message: it
signs in to mail servers, asks Slack who the token is, gets tokens, and sends one HEAD
to each HTTP API. It can run beside a running Gavel.

With --server it asks a running Gavel instead, and reports what that finds.

Each finding is ok, a warning or a problem, with what to do. Exit code 1 when there
is a problem.`,
		Example: `  gavel doctor --env-file gavel.env
  gavel doctor --rules /etc/gavel/rules --database sqlite:/var/lib/gavel/gavel.db --request captured.txt
  gavel doctor --server https://gavel.acme.example --output json`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.serve.Register(cmd)
	f.at.RegisterServer(cmd, "ask a running Gavel, by its console address, such as http://127.0.0.1:8081")
	cmd.Flags().StringVar(&f.request, "request", "", "file with one captured request of Cirrus Insight, to check the signature settings; - reads standard input")
	usage.Output(cmd, &f.output, "text", "json")
	return cmd
}

func (f *flags) run(cmd *cobra.Command) error {
	report, err := f.report(cmd)
	if err != nil {
		return err
	}
	if err := printReport(cmd, f.output, report); err != nil {
		return err
	}
	if !report.Well {
		return usage.ErrFindings
	}
	return nil
}

func (f *flags) report(cmd *cobra.Command) (checkup.Report, error) {
	if f.at.Server != "" {
		return f.remote(cmd)
	}
	settings, err := f.serve.Options(cmd)
	if err != nil {
		return checkup.Report{Findings: []checkup.Finding{unusable(err)}, NotChecked: []string{"everything else: the settings cannot be read"}}, nil
	}
	o, unread := f.options(settings)
	if f.request != "" {
		header, body, err := signature.ReadCaptured(cmd.InOrStdin(), f.request)
		if err != nil {
			return checkup.Report{}, err
		}
		o.Captured = &checkup.Captured{Header: header, Body: body}
	}
	report := checkup.Run(cmd.Context(), o)
	if unread != nil {
		report.Well = false
		report.Findings = append(report.Findings, unusable(unread))
	}
	for _, u := range environment.Unknown(cmd.Root(), os.Environ()) {
		report.Findings = append(report.Findings, checkup.Finding{
			Code: "settings-unknown", Level: checkup.Warning, Subject: u.Name, Text: "environment variable " + u.Name + " sets nothing", Do: u.Hint,
		})
	}
	return report, nil
}

// unusable is the finding of a setting that serve does not start with.
func unusable(err error) checkup.Finding {
	return checkup.Finding{Code: "settings", Level: checkup.Problem, Text: err.Error(), Do: "correct the flag or its environment variable; serve does not start with it"}
}

// options are what serve would run with. The error says which file with tokens
// cannot be read.
func (f *flags) options(s app.Options) (checkup.Options, error) {
	o := checkup.Options{
		Rules: s.Rules, Database: s.Database, EncryptionKeyFile: s.EncryptionKeyFile,
		Listen: s.Listen, Console: s.Console, TLSCert: s.TLSCert, TLSKey: s.TLSKey, Connections: s.Connections.Total,
		Signature: s.Receiver.Signature, Unsigned: s.Receiver.AcceptUnsigned, Placeholder: signature.Placeholder, FlagsOf: flagsOf,
		Archive: s.Archive, Backups: s.BackupTo, BackupEvery: s.BackupEvery,
	}
	o.Rules.Version = s.Version
	if s.ConsoleToken != "" {
		o.ConsoleTokens = append(o.ConsoleTokens, s.ConsoleToken)
	}
	if s.ConsoleTokenFile == "" {
		return o, nil
	}
	content, err := smallfile.ReadText(s.ConsoleTokenFile)
	if err != nil {
		return o, fmt.Errorf("--console-token-file: %w", err)
	}
	for line := range strings.Lines(content) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			o.ConsoleTokens = append(o.ConsoleTokens, line)
		}
	}
	return o, nil
}
