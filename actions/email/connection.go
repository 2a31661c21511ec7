package email

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	mail "github.com/wneessen/go-mail"

	"github.com/gavel-rules/gavel/internal/smallfile"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/rules/values"
)

const (
	portSubmission  = 587
	portImplicitTLS = 465
)

// ConnectionKind describes a connection to a mail server.
func ConnectionKind() params.ConnectionKind {
	return params.ConnectionKind{
		Name: "email",
		Doc:  "An SMTP server, how to sign in to it, and the default sender.",
		New:  func() params.ConnectionParams { return &connection{} },
	}
}

type connection struct {
	Host     string         `yaml:"host" required:"true" doc:"Name of the mail server." example:"smtp.acme.example"`
	Port     int            `yaml:"port" doc:"587 when left out, or 465 with tls: tls."`
	TLS      string         `yaml:"tls" enum:"starttls,tls,none" doc:"starttls when left out, or tls on port 465. none is allowed only for a server on this machine."`
	Username string         `yaml:"username" doc:"User name to sign in with." example:"${{ env.SMTP_USER }}"`
	Password values.Secret  `yaml:"password" doc:"Password to sign in with." example:"${{ env.SMTP_PASSWORD }}"`
	Auth     string         `yaml:"auth" enum:"auto,plain,login,cram-md5" default:"auto" doc:"How to sign in when username is given."`
	From     string         `yaml:"from" doc:"Sender, unless the action names one." example:"Acme <hi@acme.example>"`
	HELO     string         `yaml:"helo" doc:"Name for the SMTP greeting; the machine's name when left out."`
	Timeout  units.Duration `yaml:"timeout" doc:"Longest time to wait for one reply of the server. When left out, as RFC 5321 requires: 5 minutes for a command, 10 for the end of the mail."`
	CAFile   string         `yaml:"ca_file" doc:"PEM file with CA certificates to trust instead of the system's."`
}

// Client sends over one mail server. It opens a connection for each mail.
type Client struct {
	host    string
	port    int
	options []mail.Option
	// implicit is the configuration for TLS from the first byte; nil otherwise.
	implicit *tls.Config
	from     *address
	signsIn  bool
	timeout  time.Duration
	redact   *privacy.Gate
}

// Open checks the parameters.
func (c *connection) Open() (any, error) {
	cl := &Client{host: c.Host, port: c.Port, timeout: time.Duration(c.Timeout), redact: privacy.GateFor(c.Password.Reveal())}
	mode := c.TLS
	if mode == "" && c.Port == portImplicitTLS {
		mode = "tls"
	}
	if cl.port == 0 {
		cl.port = portSubmission
		if mode == "tls" {
			cl.port = portImplicitTLS
		}
	}
	if err := c.check(cl, mode); err != nil {
		return nil, err
	}
	config, err := c.tlsConfig()
	if err != nil {
		return nil, &params.FieldError{Field: "ca_file", Err: err}
	}
	cl.options = []mail.Option{mail.WithPort(cl.port), mail.WithTimeout(max(forCommand, cl.timeout)), mail.WithTLSConfig(config), mail.WithTLSPolicy(mail.TLSMandatory)}
	switch mode {
	case "tls":
		cl.options = append(cl.options, mail.WithSSL())
		cl.implicit = config
	case "none":
		cl.options = append(cl.options, mail.WithTLSPolicy(mail.NoTLS))
	}
	if c.HELO != "" {
		cl.options = append(cl.options, mail.WithHELO(c.HELO))
	}
	if c.Username != "" {
		cl.signsIn = true
		cl.options = append(cl.options, mail.WithUsername(c.Username), mail.WithPassword(c.Password.Reveal()), c.authOption(mode))
	}
	if _, err := mail.NewClient(cl.host, cl.options...); err != nil {
		return nil, fmt.Errorf("set up mail client: %w", err)
	}
	return cl, nil
}

func (c *connection) check(cl *Client, mode string) error {
	switch {
	case strings.ContainsAny(c.Host, " /@\r\n\t") || strings.Contains(c.Host, "://"):
		return &params.FieldError{Field: "host", Err: fmt.Errorf("%q is not a host name", c.Host), Hint: "give the name alone and the port as port"}
	case cl.port < 1 || cl.port > 65535:
		return &params.FieldError{Field: "port", Err: fmt.Errorf("%d is not a port", cl.port)}
	case cl.timeout < 0:
		return &params.FieldError{Field: "timeout", Err: errors.New("must be positive")}
	case mode == "none" && !isLoopback(c.Host):
		return &params.FieldError{
			Field: "tls", Err: errors.New("none sends mail and password unencrypted; only allowed for a server on this machine"),
			Hint: "use starttls or tls",
		}
	case c.Username == "" && !c.Password.IsZero():
		return &params.FieldError{Field: "username", Err: errors.New("is missing, but a password is given")}
	case c.Username != "" && c.Password.IsZero():
		return &params.FieldError{Field: "password", Err: errors.New("is missing, but a username is given")}
	case strings.ContainsAny(c.HELO, " \r\n\t"):
		return &params.FieldError{Field: "helo", Err: fmt.Errorf("%q is not a host name", c.HELO)}
	}
	if c.From != "" {
		from, err := parseAddress(c.From)
		if err != nil {
			return &params.FieldError{Field: "from", Err: err}
		}
		cl.from = from
	}
	return nil
}

func (c *connection) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12}
	if c.CAFile == "" {
		return config, nil
	}
	pem, err := smallfile.Read(c.CAFile)
	if err != nil {
		return nil, err
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%q contains no PEM certificate", c.CAFile)
	}
	return config, nil
}

// authOption picks the mechanism. Without TLS, which is allowed only on this
// machine, the library has separate options for PLAIN and LOGIN.
func (c *connection) authOption(mode string) mail.Option {
	clear := mode == "none"
	switch c.Auth {
	case "plain":
		if clear {
			return mail.WithSMTPAuth(mail.SMTPAuthPlainNoEnc)
		}
		return mail.WithSMTPAuth(mail.SMTPAuthPlain)
	case "login":
		if clear {
			return mail.WithSMTPAuth(mail.SMTPAuthLoginNoEnc)
		}
		return mail.WithSMTPAuth(mail.SMTPAuthLogin)
	case "cram-md5":
		return mail.WithSMTPAuth(mail.SMTPAuthCramMD5)
	}
	if clear {
		return mail.WithSMTPAuth(mail.SMTPAuthPlainNoEnc)
	}
	return mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
