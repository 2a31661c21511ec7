package email

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/values"
)

// Prepare renders the mail for one event.
func (a *action) Prepare(s *language.Scope) (params.Effect, error) {
	m := &message{client: a.client, from: a.client.from, headers: map[string]string{}, allOrNone: a.AllOrNone}
	if err := a.prepareAddresses(s, m); err != nil {
		return nil, err
	}
	subject, err := a.Subject.Render(s, nil)
	if err != nil {
		return nil, fmt.Errorf("subject: %w", err)
	}
	if full := headerText(subject); full != short(full, longestSubject) {
		m.cut = append(m.cut, fmt.Sprintf("subject had %d characters and was cut to %d", utf8.RuneCountInString(full), longestSubject))
	}
	m.subject = short(headerText(subject), longestSubject)
	for _, name := range slices.Sorted(maps.Keys(a.Headers)) {
		v, err := a.Headers[name].Render(s, nil)
		if err != nil {
			return nil, fmt.Errorf("headers.%s: %w", name, err)
		}
		if m.headers[name] = headerText(v); len(m.headers[name]) > longestHeader {
			return nil, event.Failf(event.CauseRefused, false, "headers.%s is longer than a mail header can be", name)
		}
	}
	if m.html, err = a.HTML.Render(s); err != nil {
		return nil, fmt.Errorf("html: %w", err)
	}
	if m.text, err = a.settings.Text.Render(s, nil); err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	if err := a.prepareAttachments(s, m); err != nil {
		return nil, err
	}
	m.text = outbound.Visible(m.text)
	if a.settings.Text.IsZero() {
		m.text = textOf(m.html)
	}
	return m, nil
}

// A line of a mail has at most 998 bytes, and a word cannot be broken over two
// lines. Servers reject longer lines or disconnect, so without these limits one
// long name could keep a mail, or all of them, from being sent.
const (
	longestSubject = 200 // characters, of up to four bytes
	longestName    = 100
	longestHeader  = 900 // bytes
)

// headerText puts a text on one line. A word joiner, which has no width, keeps
// text that looks like an encoded word (=?utf-8?q?…?=) from being decoded; it
// also makes the whole text be encoded.
func headerText(s string) string {
	return strings.ReplaceAll(outbound.Line(s), "=?", "=\u2060?")
}

// short cuts a text to limit characters.
func short(s string, limit int) string {
	r := []rune(s)
	if len(r) <= limit {
		return s
	}
	return strings.TrimSpace(string(r[:limit-1])) + "…"
}

func (a *action) prepareAddresses(s *language.Scope, m *message) error {
	if !a.From.IsZero() {
		from, err := renderAddress(s, a.From)
		if err != nil {
			return fmt.Errorf("from: %w", err)
		}
		if from != nil {
			m.from = from
		}
	}
	if m.from == nil {
		return event.Failf(event.CauseRefused, false, "from is empty for this event")
	}
	var err error
	if m.replyTo, err = renderAddress(s, a.ReplyTo); err != nil {
		return fmt.Errorf("reply_to: %w", err)
	}
	if err := a.prepareRecipients(s, m); err != nil {
		return err
	}
	switch {
	case len(m.refused) > 0 && (a.AllOrNone || len(m.to) == 0):
		return event.Failf(event.CauseRefused, false, "%s", refusals(m.refused))
	case len(m.to) == 0:
		return event.Failf(event.CauseRefused, false, "to is empty for this event; the mail has no recipient")
	}
	return nil
}

// mostRecipients limits a list of recipients, which may come from an event.
const mostRecipients = 500

func (a *action) prepareRecipients(s *language.Scope, m *message) error {
	known := map[string]bool{}
	for _, l := range []struct {
		field string
		texts []values.Text
		into  *[]*address
	}{{"to", a.To, &m.to}, {"cc", a.CC, &m.cc}, {"bcc", a.BCC, &m.bcc}} {
		for _, t := range l.texts {
			found, err := renderAddresses(s, t)
			if err != nil {
				return fmt.Errorf("%s: %w", l.field, err)
			}
			if len(found)+len(known)+len(m.refused) > mostRecipients {
				return event.Failf(event.CauseRefused, false, "%s: the mail has more than %d recipients", l.field, mostRecipients)
			}
			for _, f := range found {
				switch key := f.key(); {
				case f.err != nil:
					m.refused = append(m.refused, Refusal{Address: shown(f.source), Reason: l.field + ": " + f.err.Error()})
				case !known[key]:
					known[key] = true
					*l.into = append(*l.into, f.address)
				}
			}
		}
	}
	return nil
}

// rendered is one address of a text, or why it is not valid.
type rendered struct {
	*address
	source string
	err    error
}

func (r rendered) key() string {
	if r.address == nil {
		return ""
	}
	return strings.ToLower(r.addr)
}

// renderAddresses renders the addresses of a text, without empty ones.
func renderAddresses(s *language.Scope, t values.Text) ([]rendered, error) {
	if t.IsZero() {
		return nil, nil
	}
	texts, err := t.RenderAll(s, quoteName)
	if err != nil {
		return nil, err
	}
	var out []rendered
	for _, v := range texts {
		r := rendered{source: v}
		switch {
		case strings.TrimSpace(v) == "":
			continue
		case s.Preview() && strings.Contains(v, "⟨"):
			r.address = &address{addr: outbound.Line(v)}
		default:
			r.address, r.err = parseAddress(v)
		}
		if r.err != nil && len(texts) == 1 {
			// The display name looks like an address: quote it.
			if v, err := t.Render(s, quoted); err == nil {
				if a, err := parseAddress(v); err == nil {
					r.address, r.err = a, nil
				}
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// renderAddress renders a text that is one address; nil if it is empty for this
// event.
func renderAddress(s *language.Scope, t values.Text) (*address, error) {
	found, err := renderAddresses(s, t)
	switch {
	case err != nil || len(found) == 0:
		return nil, err
	case len(found) > 1:
		return nil, event.Failf(event.CauseRefused, false, "is a list of %d addresses; expected one", len(found))
	case found[0].err != nil:
		return nil, &event.Failure{Cause: event.CauseRefused, Text: found[0].err.Error(), Err: found[0].err}
	}
	return found[0].address, nil
}

// message is the effect: one mail to send.
type message struct {
	client      *Client
	from        *address
	replyTo     *address
	to, cc, bcc []*address
	subject     string
	text, html  string
	headers     map[string]string
	attachments []attachment
	cut         []string  // what was shortened
	refused     []Refusal // invalid addresses, found before sending
	allOrNone   bool
}

// Notes implements rules.Noted.
func (m *message) Notes() []string { return m.cut }

func (m *message) recipients() []*address { return slices.Concat(m.to, m.cc, m.bcc) }

// MarshalJSON returns the preview.
func (m *message) MarshalJSON() ([]byte, error) {
	shown := struct {
		From    string            `json:"from"`
		To      []string          `json:"to"`
		CC      []string          `json:"cc,omitempty"`
		BCC     []string          `json:"bcc,omitempty"`
		ReplyTo string            `json:"reply_to,omitempty"`
		Subject string            `json:"subject"`
		Text    string            `json:"text,omitempty"`
		HTML    string            `json:"html,omitempty"`
		Headers map[string]string `json:"headers,omitempty"`
		Files   []attachment      `json:"attachments,omitempty"`
		Cut     []string          `json:"cut,omitempty"`
		Refused []Refusal         `json:"refused,omitempty"`
	}{
		From: m.from.String(), To: people(m.to), CC: people(m.cc), BCC: people(m.bcc),
		Subject: m.subject, Text: m.text, HTML: m.html, Headers: m.headers, Files: m.attachments, Cut: m.cut, Refused: m.refused,
	}
	if m.replyTo != nil {
		shown.ReplyTo = m.replyTo.String()
	}
	return json.Marshal(shown)
}

func people(list []*address) []string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.String()
	}
	return out
}
