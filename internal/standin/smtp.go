package standin

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// SMTPOptions configure the stand-in. The zero value accepts mail from
// anybody, without TLS.
type SMTPOptions struct {
	// Username and Password are required; empty needs no authentication.
	Username, Password string
	// STARTTLS is offered, with a certificate made for this machine.
	STARTTLS bool
	// ImplicitTLS uses TLS from the first byte.
	ImplicitTLS bool
}

// SMTP is a stand-in for a mail server. It delivers nothing.
type SMTP struct {
	options SMTPOptions
	inbox   inbox[Mail]
	script  script

	mu      sync.Mutex
	refused map[string]int
	server  *smtp.Server
	ln      net.Listener
	addr    string
	trust   []byte
	done    chan struct{}
}

// NewSMTP returns a stand-in that is not started yet.
func NewSMTP(o SMTPOptions) *SMTP { return &SMTP{options: o, refused: map[string]int{}} }

// Start listens on addr; empty means any free port of this machine.
func (s *SMTP) Start(addr string) error {
	if addr == "" {
		addr = anyPort
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen on %q: %w", addr, err)
	}
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{smtp: s}, nil }))
	srv.Domain = "standin.example"
	srv.MaxMessageBytes = largestBody
	srv.ReadTimeout, srv.WriteTimeout = time.Minute, time.Minute
	srv.EnableSMTPUTF8 = true
	srv.AllowInsecureAuth = !s.options.STARTTLS
	srv.ErrorLog = log.New(io.Discard, "", 0)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.options.STARTTLS || s.options.ImplicitTLS {
		cert, trust, err := newCertificate()
		if err != nil {
			ln.Close()
			return err
		}
		s.trust = trust
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
	s.server, s.ln, s.addr, s.done = srv, ln, ln.Addr().String(), make(chan struct{})
	if s.options.ImplicitTLS {
		ln = tls.NewListener(ln, srv.TLSConfig)
	}
	go func(done chan struct{}) {
		defer close(done)
		_ = srv.Serve(ln)
	}(s.done)
	return nil
}

// Stop ends the server; sessions in progress may finish until ctx ends. It is
// safe before Start and more than once.
func (s *SMTP) Stop(ctx context.Context) error {
	s.mu.Lock()
	srv, ln, done := s.server, s.ln, s.done
	s.server = nil
	s.mu.Unlock()
	if srv == nil {
		return nil
	}
	// The library knows the listener only once it has begun to serve.
	_ = ln.Close()
	if err := srv.Shutdown(ctx); ctx.Err() != nil {
		_ = srv.Close()
		return fmt.Errorf("stop mail server: %w", err)
	}
	<-done
	return nil
}

// Addr returns host and port, once started.
func (s *SMTP) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// Host returns the host to connect to.
func (s *SMTP) Host() string {
	host, _, _ := net.SplitHostPort(s.Addr())
	return host
}

// Port returns the port to connect to, 0 before Start.
func (s *SMTP) Port() int {
	_, port, _ := net.SplitHostPort(s.Addr())
	n, _ := strconv.Atoi(port)
	return n
}

// CertificatePEM returns the certificate to trust; nil without TLS.
func (s *SMTP) CertificatePEM() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trust
}

// Received returns the accepted mails so far.
func (s *SMTP) Received() []Mail { return s.inbox.received() }

// On calls f for each accepted mail.
func (s *SMTP) On(f func(Mail)) { s.inbox.on(f) }

// FailNext answers the next n mails with an SMTP code, such as 451 or 554,
// after their content was sent.
func (s *SMTP) FailNext(n, code int, text string) {
	s.script.push(n, failure{status: code, text: text})
}

// RefuseRecipient answers RCPT TO for an address with a code from now on; 0
// accepts it again.
func (s *SMTP) RefuseRecipient(addr string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[addr] = code
}

func (s *SMTP) refusal(addr string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused[addr]
}
