package checkup

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"
)

// renewedBefore is how long before its end a certificate should be renewed.
const renewedBefore = 14 * 24 * time.Hour

// certificate checks the certificate of the public address.
func (c *checkup) certificate(context.Context) []Finding {
	if c.TLSCert == "" && c.TLSKey == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return []Finding{problem("certificate", fmt.Sprintf("the certificate cannot be used: %v", err), "correct --tls-cert and --tls-key: both in PEM form, and of one another")}
	}
	end := pair.Leaf.NotAfter.UTC()
	switch left := time.Until(end); {
	case left < 0:
		return []Finding{problem("certificate", "the certificate of the public address expired on "+end.Format(time.DateOnly), "renew it; Gavel loads the new one by itself")}
	case left < renewedBefore:
		return []Finding{warning("certificate", "the certificate of the public address expires on "+end.Format(time.DateOnly), "renew it; Gavel loads the new one by itself")}
	case time.Until(pair.Leaf.NotBefore) > 0:
		return []Finding{problem("certificate", "the certificate of the public address is not valid before "+pair.Leaf.NotBefore.UTC().Format(time.DateTime)+" UTC", "check the clock of this machine")}
	}
	return []Finding{ok("certificate", "the certificate of the public address is valid until "+end.Format(time.DateOnly))}
}
