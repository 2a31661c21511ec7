package serve

import (
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
)

// securityFlags are the flags of serve for trust, encryption, and reachable
// hosts.
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
	flags.DurationVar(&f.replayWindow, "replay-window", 0, "reject events whose deliveryTimestamp is further from now than this, such as 10m; 0 accepts any")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "file with the TLS certificate of the public address, read again when it is renewed; without one put a proxy with TLS in front")
	flags.StringVar(&f.tlsKey, "tls-key", "", "file with the key of the TLS certificate")
	flags.StringSliceVar(&f.proxies, "trusted-proxies", nil, "addresses or networks of proxies in front, whose X-Forwarded-For header is trusted; several, comma-separated")
	flags.StringSliceVar(&f.allowHosts, "allow-hosts", nil, "hosts, or host:port, on internal networks that may be called although no rule names them; several, comma-separated")
	place.RedactFlag(cmd)
	usage.Whole(flags, &f.connections, "max-connections", 0, 0, "maximum open connections to the public address (default 8192, or what fits the memory limit)")
	usage.Whole(flags, &f.perSource, "max-connections-per-source", 0, 0, "maximum open connections from one sender, except trusted proxies (default 512, or half of --max-connections)")
}

func (f *securityFlags) apply(cmd *cobra.Command, o *app.Options) error {
	for _, p := range f.proxies {
		prefix, err := parsePrefix(p)
		if err != nil {
			return usage.Errorf("--trusted-proxies: %q is not an address or a network such as 10.0.0.0/8", p)
		}
		o.TrustedProxies = append(o.TrustedProxies, prefix)
	}
	if f.replayWindow < 0 {
		return usage.Errorf("--replay-window: %s is negative", f.replayWindow)
	}
	o.Receiver.ReplayWindow = f.replayWindow
	o.TLSCert, o.TLSKey = f.tlsCert, f.tlsKey
	o.Rules.AllowHosts, o.Rules.SecretsDir = f.allowHosts, place.FlagText(cmd, place.SecretsDir)
	o.EncryptionKeyFile = place.FlagText(cmd, place.EncryptionKeyFile)
	var err error
	if o.Private, err = place.PrivateFields(cmd); err != nil {
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
