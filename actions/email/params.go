package email

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/values"
)

// Kind describes the action.
func Kind() params.Kind {
	return params.Kind{
		Name: "email",
		Doc: "Sends an email. If a recipient is refused, here or by the server, the others still get it; `refused` lists who and why. " +
			"If the server defers a recipient (4xx), the mail waits for it during the first 8 tries. Every try of the same mail has the same Message-ID.",
		New:        func() params.Params { return &settings{} },
		Connection: "email",
		NewResult:  func() any { return &Result{} },
		// 10 minutes for the end of the mail, by RFC 5321, and 10 for the rest.
		Timeout: 20 * time.Minute,
	}
}

// Result is what later actions can use.
type Result struct {
	MessageID string   `json:"message_id" expr:"message_id" doc:"Message-ID of the mail, with its angle brackets."`
	Accepted  []string `json:"accepted" expr:"accepted" doc:"Addresses that the server accepted, including hidden recipients."`
	// Refused are the recipients that do not get the mail.
	Refused []Refusal `json:"refused" expr:"refused" doc:"Recipients that were refused, each with address and reason."`
	eval.Failed
}

// Refusal is a recipient that does not get a mail, and why.
type Refusal struct {
	Address string `json:"address" expr:"address"`
	Reason  string `json:"reason" expr:"reason"`
}

// Notes implements rules.Noted.
func (r *Result) Notes() []string {
	if len(r.Refused) == 0 {
		return nil
	}
	return []string{"not sent to " + refusals(r.Refused)}
}

// refusals names the first 5 refusals.
func refusals(list []Refusal) string {
	const most = 5
	var out []string
	for _, r := range list[:min(most, len(list))] {
		out = append(out, r.Address+" ("+r.Reason+")")
	}
	if len(list) > most {
		out = append(out, fmt.Sprintf("and %d more", len(list)-most))
	}
	return strings.Join(out, ", ")
}

type settings struct {
	From      values.Text            `yaml:"from" dest:"address" doc:"Sender; that of the connection when left out." example:"Acme <hi@acme.example>"`
	To        []values.Text          `yaml:"to" dest:"address" required:"true" doc:"One address, or a list. An entry that is only ${{ x }} may be a list, as ${{ invitees() }} is; any other is exactly one address. An empty one is left out. To split a text with several, use split(x, \",\")." example:"${{ meeting.meetingInfo.primaryInvitee }}"`
	CC        []values.Text          `yaml:"cc" dest:"address" doc:"More recipients, visible to all."`
	BCC       []values.Text          `yaml:"bcc" dest:"address" doc:"More recipients, hidden from the others."`
	AllOrNone bool                   `yaml:"all_or_none" doc:"Whether one refused recipient stops the mail to all of them; the failure then names it." default:"false"`
	ReplyTo   values.Text            `yaml:"reply_to" dest:"address" doc:"Where replies go." example:"${{ meeting.meetingOwner.username }}"`
	Subject   values.Text            `yaml:"subject" required:"true" doc:"Line breaks in a value become spaces." example:"Thank you, ${{ meeting.meetingInfo.primaryInviteeName }}"`
	Text      values.Text            `yaml:"text" doc:"Plain text. Made from html when left out."`
	HTML      values.HTML            `yaml:"html" doc:"HTML; values are escaped for their context."`
	Headers   map[string]values.Text `yaml:"headers" dest:"header" doc:"More headers." example:"{X-Campaign: thank-you}"`
	// Attachments are at most mostAttachments.
	Attachments []attachmentSettings `yaml:"attachments" doc:"Files to attach, at most 10 and 5 MiB together."`
}

// Build checks what does not depend on an event.
func (p *settings) Build(conn any) (params.Action, error) {
	c, ok := conn.(*Client)
	if !ok {
		return nil, &params.FieldError{
			Field: "connection", Err: errors.New("an email connection is required"),
			Hint: "add connections: { email: { host: ..., from: ... } }",
		}
	}
	switch {
	case p.Text.IsZero() && p.HTML.IsZero():
		return nil, &params.FieldError{Field: "text", Err: errors.New("is missing"), Hint: "give text, or html, or both"}
	case p.From.IsZero() && c.from == nil:
		return nil, &params.FieldError{Field: "from", Err: errors.New("is missing"), Hint: "set it here or on the connection"}
	case len(p.To) == 0:
		return nil, &params.FieldError{Field: "to", Err: errors.New("is empty")}
	}
	if err := p.checkLiterals(); err != nil {
		return nil, err
	}
	if err := checkAttachments(p.Attachments); err != nil {
		return nil, err
	}
	for name := range p.Headers {
		if err := checkHeader(name); err != nil {
			return nil, &params.FieldError{Field: "headers." + name, Err: err}
		}
	}
	return &action{settings: *p, client: c}, nil
}

// checkLiterals checks the addresses that do not depend on an event.
func (p *settings) checkLiterals() error {
	lists := []struct {
		field string
		texts []values.Text
	}{{"from", []values.Text{p.From}}, {"reply_to", []values.Text{p.ReplyTo}}, {"to", p.To}, {"cc", p.CC}, {"bcc", p.BCC}}
	for _, l := range lists {
		for _, t := range l.texts {
			literal, ok := t.Literal()
			if t.IsZero() || !ok {
				continue
			}
			if _, err := parseAddress(literal); err != nil {
				return &params.FieldError{Field: l.field, Err: err, Hint: "give each address as an item of a list"}
			}
		}
	}
	return nil
}

// ownHeaders come from other parameters or from the mail itself.
const ownHeaders = " from to cc bcc reply-to sender subject date message-id mime-version return-path received dkim-signature "

func checkHeader(name string) error {
	lower := strings.ToLower(name)
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		return fmt.Errorf("%q is not a header name", name)
	case strings.Contains(ownHeaders, " "+lower+" "), strings.HasPrefix(lower, "content-"), strings.HasPrefix(lower, "resent-"):
		return fmt.Errorf("%q has its own setting", name)
	}
	return nil
}

type action struct {
	settings
	client *Client
}

// Aim implements params.Aimed.
func (a *action) Aim() string {
	var to []string
	for _, t := range append(append(append([]values.Text{}, a.To...), a.CC...), a.BCC...) {
		to = append(to, t.Source())
	}
	return strings.Join(to, ", ")
}
