package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/app/budget"
	"github.com/gavel-rules/gavel/app/systemd"
	"github.com/gavel-rules/gavel/app/traces"
	"github.com/gavel-rules/gavel/console/below"
	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/receiver"
	"github.com/gavel-rules/gavel/rules/live"
	"github.com/gavel-rules/gavel/ruleset"
	"github.com/gavel-rules/gavel/vault"
)

// Options configure one Gavel.
type Options struct {
	Rules    ruleset.Options
	Database string // see vault.Open
	// EncryptionKeyFile holds the keys that encrypt stored events; if empty,
	// events are stored unencrypted. The file is read again when it changes.
	EncryptionKeyFile string

	// Listen is the public address of the receiver, Console the address of the
	// console, the API, health and metrics.
	Listen, Console string
	// Sockets are used instead where they were opened already.
	Sockets systemd.Sockets
	// ConsoleToken, or any line of ConsoleTokenFile, is required in requests
	// to Console; both may be empty when Console is a loopback address. The
	// file is read again when it changes.
	ConsoleToken, ConsoleTokenFile string

	Receiver receiver.Options // Observer, Tracer, Log and Now are set by New
	// ReadSignature reads the signature settings and secrets again; nil when
	// they cannot change.
	ReadSignature func() (receiver.Signature, error)
	// Connections limits the open connections to the receiver; by default, what
	// fits Memory and Files.
	Connections receiver.Connections
	// Memory and Files are what this process may use.
	Memory budget.Memory
	Files  budget.Files
	// TLSCert and TLSKey are the files of the receiver's certificate; both
	// empty means plain HTTP, for a proxy in front.
	TLSCert, TLSKey string
	// TrustedProxies may say which address a request came from.
	TrustedProxies []netip.Prefix

	// StartTimeout is how long New retries to open an unavailable database; 0
	// tries once.
	StartTimeout time.Duration
	// ShutdownDelay is how long events are still accepted after Stop was
	// called, while readiness says no.
	ShutdownDelay time.Duration
	// ShutdownTimeout bounds how long requests and actions in progress may
	// take to finish; 0 means 30 s.
	ShutdownTimeout time.Duration
	// Workers is how many actions run at once; 0 means the engine's default.
	Workers int
	// Keep is how long events whose runs have ended are kept; 0 means forever.
	Keep time.Duration
	// Archive is a folder that events are moved to when they leave the
	// database; if empty, they are deleted.
	Archive string
	// BackupTo is an existing folder for regular backups of the SQLite database;
	// if empty, none are made. BackupEvery and BackupKeep are how often, and how
	// many are kept; 0 means the defaults of package backups.
	BackupTo    string
	BackupEvery time.Duration
	BackupKeep  int
	// BackupKeyFile holds the keys that encrypt backups; if empty, those of
	// EncryptionKeyFile do, if there are any.
	BackupKeyFile string
	// ExpectEventEvery is the longest normal time between two events, after
	// which the source counts as quiet; 0 learns it from the stored events,
	// watchdog.Off turns the check off.
	ExpectEventEvery time.Duration

	// ConsoleURL is where people reach the console, for links in Gavel's own
	// events; empty if it is not known.
	ConsoleURL string
	// ConsolePrefix is the path below which browsers reach the console, such as
	// /gavel; empty if that is a host of its own.
	ConsolePrefix string

	// Private are the event fields to hide: in the history of runs, the log,
	// the console and its API.
	Private privacy.Fields

	// Observer is notified of what the engine does, Reloaded of the result of
	// every load of the rules after the first; both may be nil.
	Observer engine.Observer
	Reloaded func(live.Status)

	// Traces say what is traced and where it is sent; the zero value traces
	// nothing.
	Traces traces.Settings

	Logger *slog.Logger
	// LogLevel is the level of Logger, which the API can change; nil keeps it.
	LogLevel *slog.LevelVar
	Version  string
}

func (o *Options) check() error {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.ShutdownTimeout == 0 {
		o.ShutdownTimeout = 30 * time.Second
	}
	if len(o.Rules.Paths) == 0 {
		return errors.New("no rules: give a file or directory with --rules")
	}
	if !o.Receiver.AcceptUnsigned && len(o.Receiver.Signature.Secrets) == 0 {
		return errors.New("no signing secret, so forged events cannot be told from real ones: " +
			"give --signing-secret (from the webhook page in Cirrus Insight) or --signing-secret-file; " +
			"to accept unsigned events on a closed test network, use --insecure-accept-unsigned")
	}
	if (o.TLSCert == "") != (o.TLSKey == "") {
		return errors.New("give both --tls-cert and --tls-key")
	}
	if o.Archive != "" && o.Keep == 0 {
		return errors.New("--archive requires --keep, such as --keep 90d")
	}
	if o.BackupTo != "" && !vault.OnDisk(o.Database) {
		return errors.New("--backup-to is for SQLite; back up PostgreSQL with pg_dump --format=custom, or continuously, see docs/backup.md")
	}
	if o.BackupTo == "" && o.BackupKeyFile != "" {
		return errors.New("--backup-key-file requires --backup-to")
	}
	return o.checkConsole()
}

func (o *Options) checkConsole() error {
	if err := o.checkConsoleURL(); err != nil {
		return err
	}
	address := o.Console
	if l := o.Sockets.Console; l != nil {
		address = l.Addr().String()
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("console address %q: %w; write 127.0.0.1:8081", address, err)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	if o.ConsoleToken == "" && o.ConsoleTokenFile == "" {
		return fmt.Errorf("console address %q is reachable from other machines, so a token is required: give --console-token or --console-token-file, or listen on 127.0.0.1", address)
	}
	return nil
}

// checkConsoleURL checks where people reach the console.
func (o *Options) checkConsoleURL() error {
	prefix, err := below.Parse(o.ConsolePrefix)
	if err != nil {
		return fmt.Errorf("console: %w", err)
	}
	if o.ConsoleURL == "" {
		return nil
	}
	u, err := url.Parse(o.ConsoleURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("console URL %q: write the address that people open, such as https://gavel.example.com", o.ConsoleURL)
	}
	if prefix != "" && strings.TrimSuffix(u.Path, "/") != string(prefix) {
		return fmt.Errorf("console URL %q: its path must be the prefix of the console; write %s://%s%s", o.ConsoleURL, u.Scheme, u.Host, prefix)
	}
	return nil
}
