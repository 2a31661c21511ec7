package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/internal/standin"
)

// Credentials between Gavel and the stand-ins of the demo.
const (
	demoSlackToken = "xoxb-demo-token"
	demoMailUser   = "gavel"
	demoPassword   = "demo-password"
	demoCRMSecret  = "demo-crm-secret"
)

// peers are the stand-ins of the demo.
type peers struct {
	slack *standin.Slack
	crm   *standin.CRM
	mail  *standin.SMTP
}

// startPeers starts all three; they print to out what they receive.
func startPeers(out *narrator) (*peers, error) {
	p := &peers{
		slack: standin.NewSlack(standin.SlackOptions{Token: demoSlackToken}),
		crm:   standin.NewCRM(standin.CRMOptions{ClientID: "gavel", ClientSecret: demoCRMSecret}),
		mail:  standin.NewSMTP(standin.SMTPOptions{Username: demoMailUser, Password: demoPassword}),
	}
	p.slack.On(func(m standin.SlackMessage) {
		if m.Updated {
			out.say("  Slack %s, message changed: %s", m.Channel, m.Text)
			return
		}
		out.say("  Slack %s got: %s", m.Channel, m.Text)
	})
	p.crm.On(func(c standin.CRMCall) { out.say("  CRM got: %s", describeCall(c)) })
	p.mail.On(func(m standin.Mail) { out.say("  Mailbox %s got: %q", strings.Join(m.To, ", "), m.Subject) })
	return p, errors.Join(p.slack.Start(""), p.crm.Start(""), p.mail.Start(""))
}

func describeCall(c standin.CRMCall) string {
	text := c.Method + " " + c.Path
	if len(c.Query) > 0 {
		text += "?" + c.Query.Encode()
	}
	if len(c.Body) > 0 && json.Valid(c.Body) {
		text += " " + string(c.Body)
	}
	return fmt.Sprintf("%s → %d", text, c.Status)
}

// environ returns the environment variables of the example rules.
func (p *peers) environ() []string {
	return []string{
		"SLACK_BOT_TOKEN=" + demoSlackToken,
		"SLACK_API_URL=" + p.slack.APIURL(),
		"SMTP_HOST=" + p.mail.Host(),
		"SMTP_PORT=" + strconv.Itoa(p.mail.Port()),
		"SMTP_TLS=none",
		"SMTP_USER=" + demoMailUser,
		"SMTP_PASSWORD=" + demoPassword,
		"CRM_URL=" + p.crm.URL(),
		"CRM_SECRET=" + demoCRMSecret,
	}
}

// missing names the stand-ins that were not reached.
func (p *peers) missing() []string {
	var names []string
	if len(p.slack.Received()) == 0 {
		names = append(names, "Slack")
	}
	if len(p.crm.Received()) == 0 {
		names = append(names, "the CRM")
	}
	if len(p.mail.Received()) == 0 {
		names = append(names, "the mailbox")
	}
	return names
}

func (p *peers) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(p.slack.Stop(ctx), p.crm.Stop(ctx), p.mail.Stop(ctx))
}
