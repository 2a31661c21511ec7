// Package serve implements "gavel serve", which receives events and carries
// out the rules.
package serve

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/app/repeats"
	"github.com/gavel-rules/gavel/app/traces"
	"github.com/gavel-rules/gavel/cmd/gavel/environment"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/signature"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/cmd/gavel/version"
	"github.com/gavel-rules/gavel/receiver"
	"github.com/gavel-rules/gavel/ruleset"
)

// serveFlags are the flags of serve as they are typed.
type serveFlags struct {
	rules        []string
	envAllow     []string
	database     string
	listen       string
	console      string
	consoleToken string
	consoleURL   string
	prefix       string
	tokenFile    string
	maxBody      int
	signature    signature.Flags
	security     securityFlags
	unsigned     bool
	shutdown     time.Duration
	drain        time.Duration
	startWithin  time.Duration
	keep         string
	archive      string
	expect       string
	backup       backupFlags
	workers      int
	logFormat    string
	logLevel     string
}

// New returns the command "gavel serve".
func New() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Receive events and carry out the rules",
		Long: `Receives signed events, stores them, and carries out what the rules say. Rules are
read again whenever the file changes, on SIGHUP, and on POST /-/reload at the
console address; a file with errors changes nothing.

Cirrus Insight sends events to https://YOUR-HOST/webhooks/cirrus-insight.

Traces go to an OpenTelemetry collector when the standard variables of the
environment name one, such as OTEL_EXPORTER_OTLP_ENDPOINT.`,
		Example: `  gavel serve --rules rules.yaml --signing-secret "$SECRET"
  GAVEL_SIGNING_SECRET=… gavel serve --rules /etc/gavel/rules --database postgres://gavel@db.acme.example/gavel`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := f.options(cmd.ErrOrStderr())
			if err != nil {
				return f.logged(o.Logger, err)
			}
			for _, u := range environment.Unknown(cmd.Root(), os.Environ()) {
				o.Logger.Warn("environment variable sets nothing", "name", u.Name, "hint", u.Hint)
			}
			if err := f.signature.Unfilled(); err != nil {
				return f.logged(o.Logger, err)
			}
			if text := f.signature.Doubtful(); text != "" {
				o.Logger.Warn(text)
			}
			if o.Database, err = place.DatabaseURL(cmd, f.database); err != nil {
				return f.logged(o.Logger, err)
			}
			if err := f.security.apply(cmd, &o); err != nil {
				return f.logged(o.Logger, err)
			}
			if err := f.backup.apply(cmd, &o); err != nil {
				return f.logged(o.Logger, err)
			}
			if f.signature.SecretFile != "" {
				o.ReadSignature = f.signature.Settings
			}
			return f.logged(o.Logger, serve(cmd.Context(), o))
		},
	}
	f.register(cmd)
	return cmd
}

func (f *serveFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.rules, "rules", []string{"rules.yaml"}, "rules file or directory; several, comma-separated")
	place.EnvAllowFlag(cmd, &f.envAllow)
	place.DatabaseFlag(cmd, &f.database)
	flags.StringVar(&f.listen, "listen", ":8080", "public address, for events")
	flags.StringVar(&f.console, "console", "127.0.0.1:8081", "console address: web console, API, health and metrics")
	flags.StringVar(&f.consoleToken, "console-token", "", "token for the console address; required unless it is a loopback address")
	flags.StringVar(&f.consoleURL, "console-url", "", "where people reach the console, such as https://gavel.example.com, for links in Gavel's own events")
	flags.StringVar(&f.prefix, "console-prefix", "", "path below which a proxy serves the console, such as /gavel")
	usage.Whole(flags, &f.maxBody, "max-body", 1<<20, 1, "largest accepted event in bytes")
	flags.StringVar(&f.tokenFile, "console-token-file", "", "file with the token for the console address, read again when it changes; several, one per line, while rotating")
	f.signature.Register(cmd, "signing-secret")
	f.security.register(cmd)
	flags.BoolVar(&f.unsigned, "insecure-accept-unsigned", false, "accept events without a signature; anybody can then forge them")
	flags.DurationVar(&f.shutdown, "shutdown-timeout", 30*time.Second, "how long actions in progress may take to finish on SIGTERM")
	flags.DurationVar(&f.drain, "shutdown-delay", 0, "how long events are still accepted after SIGTERM, while /-/ready responds 503, so that a load balancer stops sending")
	flags.DurationVar(&f.startWithin, "start-timeout", time.Minute, "how long to retry an unavailable database at the start; 0 tries once")
	flags.StringVar(&f.keep, "keep", "0", "how long finished events are kept, such as 90d; 0 keeps them forever")
	flags.StringVar(&f.expect, "expect-event-every", "auto", "longest normal time between events, such as 24h; after it the source is reported as quiet; auto learns it, off disables the check")
	flags.StringVar(&f.archive, "archive", "", "folder that events move to after --keep, as compressed JSON lines by day; if empty, they are deleted")
	f.backup.register(cmd)
	usage.Whole(flags, &f.workers, "workers", 0, 0, "how many actions run at once (default 64)")
	// The defaults come first, because OneOf reads them for the help.
	f.logFormat, f.logLevel = "text", "info"
	flags.Var(usage.OneOf(&f.logFormat, []string{"text", "json"}), "log-format", "how log lines are written")
	flags.Var(usage.OneOf(&f.logLevel, []string{"info", "debug", "warn", "error"}), "log-level", "lowest level of log lines to write")
}

func (f *serveFlags) options(logTo io.Writer) (app.Options, error) {
	level := new(slog.LevelVar)
	log, err := newLogger(logTo, f.logFormat, f.logLevel, level)
	if err != nil {
		return app.Options{Logger: log}, err
	}
	tracing, err := traces.Read(os.LookupEnv)
	if err != nil {
		return app.Options{Logger: log}, err
	}
	keep, err := parseKeep(f.keep)
	if err != nil {
		return app.Options{Logger: log}, err
	}
	expect, err := parseExpect(f.expect)
	if err != nil {
		return app.Options{Logger: log}, err
	}
	signature, err := f.signature.Settings()
	if err != nil {
		return app.Options{Logger: log}, err
	}
	return app.Options{
		Rules:    ruleset.Options{Paths: f.rules, EnvAllow: f.envAllow},
		Database: f.database, Listen: f.listen, Console: f.console, ConsoleToken: f.consoleToken, ConsoleTokenFile: f.tokenFile, ConsoleURL: f.consoleURL, ConsolePrefix: f.prefix,
		Receiver: receiver.Options{
			Signature: signature, AcceptUnsigned: f.unsigned,
			Limits: receiver.Limits{Body: int64(f.maxBody)},
		},
		Traces:       tracing,
		StartTimeout: f.startWithin, ShutdownDelay: f.drain,
		ShutdownTimeout: f.shutdown, Keep: keep, Archive: f.archive, ExpectEventEvery: expect, Workers: f.workers, Logger: log, LogLevel: level, Version: version.Current().Version,
	}, nil
}

// logged writes an error into a log that programs read, and to nobody else.
func (f *serveFlags) logged(log *slog.Logger, err error) error {
	if err == nil || log == nil || f.logFormat != "json" {
		return err
	}
	log.Error("gavel ends", "error", err)
	return usage.Told{Err: err}
}

// newLogger returns a logger whose level can be changed later.
func newLogger(w io.Writer, format, first string, level *slog.LevelVar) (*slog.Logger, error) {
	if err := level.UnmarshalText([]byte(first)); err != nil {
		return nil, usage.Errorf("--log-level: %q is not a level", first)
	}
	o := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(repeats.Handler(slog.NewJSONHandler(w, o))), nil
	}
	return slog.New(repeats.Handler(slog.NewTextHandler(w, o))), nil
}
