package standin

import (
	"crypto/subtle"
	"io"
	"slices"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is one connection of a client.
type session struct {
	smtp     *SMTP
	signedIn bool
	from     string
	to       []string
}

// AuthMechanisms lists the authentication mechanisms; none when it is not
// required.
func (s *session) AuthMechanisms() []string {
	if s.smtp.options.Username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth begins authentication.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		o := s.smtp.options
		if subtle.ConstantTimeCompare([]byte(username+"\x00"+password), []byte(o.Username+"\x00"+o.Password)) != 1 {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}), nil
}

// Mail takes the sender.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.smtp.options.Username != "" && !s.signedIn {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

// Rcpt takes a recipient.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if code := s.smtp.refusal(to); code != 0 {
		return smtpError(code, "recipient refused")
	}
	s.to = append(s.to, to)
	return nil
}

// Data takes the mail.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if f, ok := s.smtp.script.pop(); ok {
		return smtpError(f.status, f.text)
	}
	m, err := readMail(raw)
	if err != nil {
		return smtpError(554, "the mail cannot be read")
	}
	m.From, m.To = s.from, slices.Clone(s.to)
	s.smtp.inbox.add(m)
	return nil
}

// Reset discards the current mail.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout ends the session.
func (s *session) Logout() error { return nil }

func smtpError(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 0, 0}, Message: text}
}
