package outbound

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/rules/params"
)

// expiresSoon is how long before its end a certificate is reported.
const expiresSoon = 14 * 24 * time.Hour

// Certificate says until when the certificate of a peer is valid; nothing without
// TLS. The peer has been verified already.
func Certificate(state *tls.ConnectionState, now time.Time) []params.Probed {
	if state == nil || len(state.PeerCertificates) == 0 {
		return nil
	}
	end := state.PeerCertificates[0].NotAfter.UTC()
	p := params.Probed{Code: "certificate", Text: "its certificate is valid until " + end.Format(time.DateOnly)}
	if left := end.Sub(now); left < expiresSoon {
		p.Warning = true
		p.Text = fmt.Sprintf("its certificate expires in %.0f days, on %s", left.Hours()/24, end.Format(time.DateOnly))
		p.Do = "have it renewed by whoever runs the destination; calls fail when it has expired"
	}
	return []params.Probed{p}
}
