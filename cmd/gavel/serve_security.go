package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/internal/smallfile"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/vault"
)

// Flags that more than one command has; the commands read them by name.
const (
	encryptionKeyFile = "encryption-key-file"
	secretsDir        = "secrets-dir"
	databaseFile      = "database-file"
	redactFields      = "redact-fields"
)

// securityFlags are the flags of serve that say who is believed, what may be
// reached and what is kept readable.
type securityFlags struct {
	replayWindow time.Duration
	tlsCert      string
	tlsKey       string
	proxies      []string
	allowHosts   []string
	connections  int
	perSource    int
}

func (f *securityFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.DurationVar(&f.replayWindow, "replay-window", 0, "refuse events whose deliveryTimestamp is further from now, such as 10m; 0 takes any")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "file with the TLS certificate of the public address, read again when it is renewed; without one put a proxy with TLS in front")
	flags.StringVar(&f.tlsKey, "tls-key", "", "file with the key of the TLS certificate")
	flags.StringSliceVar(&f.proxies, "trusted-proxies", nil, "addresses or networks of proxies in front, whose X-Forwarded-For is believed; several, comma-separated")
	flags.StringSliceVar(&f.allowHosts, "allow-hosts", nil, "hosts, or host:port, that may be called though they are on an internal network and no rule names them; several, comma-separated")
	redactFlag(cmd)
	flags.IntVar(&f.connections, "max-connections", 0, "how many connections to the public address may be open (default 8192)")
	flags.IntVar(&f.perSource, "max-connections-per-source", 0, "how many of them from one sender, trusted proxies excepted (default 512)")
}

func (f *securityFlags) apply(cmd *cobra.Command, o *app.Options) error {
	for _, p := range f.proxies {
		prefix, err := parsePrefix(p)
		if err != nil {
			return usageError{fmt.Errorf("--trusted-proxies: %q is not an address or a network such as 10.0.0.0/8", p)}
		}
		o.TrustedProxies = append(o.TrustedProxies, prefix)
	}
	if f.replayWindow < 0 {
		return usageError{fmt.Errorf("--replay-window: %s is negative", f.replayWindow)}
	}
	o.Receiver.ReplayWindow = f.replayWindow
	o.TLSCert, o.TLSKey = f.tlsCert, f.tlsKey
	o.Rules.AllowHosts, o.Rules.SecretsDir = f.allowHosts, flagText(cmd, secretsDir)
	o.EncryptionKeyFile = flagText(cmd, encryptionKeyFile)
	var err error
	if o.Private, err = privateFields(cmd); err != nil {
		return err
	}
	o.Connections.Total, o.Connections.PerSource = f.connections, f.perSource
	return nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

// redactFlag is for commands that show or store what was in events.
func redactFlag(cmd *cobra.Command) {
	cmd.Flags().StringSlice(redactFields, nil, "event fields that nobody gets to see, in history, log, console, API and exports, such as meeting.meetingInfo.primaryInvitee; * stands for any name or item")
}

func privateFields(cmd *cobra.Command) (privacy.Fields, error) {
	if cmd.Flags().Lookup(redactFields) == nil {
		return nil, nil
	}
	paths, err := cmd.Flags().GetStringSlice(redactFields)
	if err != nil {
		return nil, err
	}
	p, err := privacy.ParseFields(paths)
	if err != nil {
		return nil, usageError{fmt.Errorf("--%s: %w", redactFields, err)}
	}
	return p, nil
}

// withShown is withStore for commands that show what is stored.
func withShown(cmd *cobra.Command, database string, do func(vault.Store) error) error {
	private, err := privateFields(cmd)
	if err != nil {
		return err
	}
	return withStore(cmd, database, vault.Read, func(s vault.Store) error { return do(vault.Shown(s, private)) })
}

// databaseURL is the URL that was given, or the one in the file that was.
func databaseURL(cmd *cobra.Command, given string) (string, error) {
	file := flagText(cmd, databaseFile)
	switch {
	case file == "":
		return given, nil
	case given != defaultDatabase:
		return "", usageError{errors.New("give --database or --database-file, not both")}
	}
	content, err := smallfile.ReadText(file)
	if err != nil {
		return "", fmt.Errorf("database URL: %w", err)
	}
	url := strings.TrimSpace(content)
	if url == "" || strings.ContainsAny(url, "\r\n") {
		return "", fmt.Errorf("database URL: %q must hold one line, such as postgres://gavel:password@db.acme.example/gavel", file)
	}
	return url, nil
}

// flagText reads a flag by its name; empty when the command has no such flag.
func flagText(cmd *cobra.Command, name string) string {
	if f := cmd.Flags().Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}
