package listen

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/internal/smallfile"
)

// certificateEvery is the shortest time between two checks of the files.
const certificateEvery = time.Second

// Certificate is a TLS certificate that is reloaded when its files change, so
// that a renewal needs no restart. While the files do not match, as in the
// middle of a renewal, the old certificate stays in use.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	stamp   string // of the files that were read last, valid or not
	looked  time.Time
}

// NewCertificate reads a certificate from its files.
func NewCertificate(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log, now: time.Now}
	pair, err := loadPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("TLS certificate: %w", err)
	}
	c.current, c.stamp, c.looked = &pair, c.stampNow(), c.now()
	return c, nil
}

// Config is for a server. HTTP/2 is off: a webhook is one request, and less
// code is exposed.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.get(), nil },
	}
}

func loadPair(certFile, keyFile string) (tls.Certificate, error) {
	cert, err := smallfile.Read(certFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := smallfile.Read(keyFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(cert, key)
}

func (c *Certificate) get() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.looked) >= certificateEvery {
		c.looked = now
		if stamp := c.stampNow(); stamp != c.stamp {
			c.stamp = stamp
			c.reload()
		}
	}
	return c.current
}

func (c *Certificate) reload() {
	pair, err := loadPair(c.certFile, c.keyFile)
	if err != nil {
		c.log.Warn("invalid new TLS certificate; the old one stays in use", "error", err)
		return
	}
	c.current = &pair
	c.log.Info("TLS certificate reloaded", "not_after", pair.Leaf.NotAfter)
}

// stampNow identifies the present state of the files.
func (c *Certificate) stampNow() string {
	stamp := ""
	for _, file := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(file)
		if err != nil {
			return "" // differs from every valid one
		}
		stamp += fmt.Sprint(info.ModTime().UnixNano(), info.Size(), " ")
	}
	return stamp
}
