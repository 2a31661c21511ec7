package starter

import (
	"strings"

	"github.com/gavel-rules/gavel/cmd/gavel/signature"
)

// variable is one line of gavel.env.
type variable struct{ name, value, about string }

// rulesVariables are the variables that the rules read.
func (p *Plan) rulesVariables() []variable {
	switch p.With {
	case "http":
		return []variable{
			{"CRM_URL", "https://replace-with-your-crm.example", "address of the API, to which /meetings is added"},
			{"CRM_TOKEN", "replace-with-the-token-of-the-crm", "sent as Authorization: Bearer"},
		}
	case "email":
		return []variable{
			{"SMTP_HOST", "replace-with-your-mail-server.example", "the mail server"},
			{"SMTP_PORT", "587", ""},
			{"SMTP_TLS", "starttls", "starttls, tls (port 465), or none on this machine only"},
			{"SMTP_USER", "replace-with-the-user", "empty if the server wants no sign-in"},
			{"SMTP_PASSWORD", "replace-with-the-password", ""},
			{"MAIL_FROM", "replace-with-the-sender@acme.example", "the sender"},
		}
	}
	return []variable{{"SLACK_BOT_TOKEN", "replace-with-xoxb-token", "bot token from api.slack.com/apps, scope chat:write"}}
}

func (p *Plan) variables() []variable {
	list := []variable{
		{"GAVEL_SIGNING_SECRET", signature.Placeholder, "from the page of the webhook at Cirrus Insight"},
		{"GAVEL_CONSOLE_TOKEN", p.Token, "made for you; sign in to the console with it"},
		{"GAVEL_DATABASE", p.Database, ""},
	}
	return append(list, p.rulesVariables()...)
}

// environment is the content of gavel.env: systemd, Docker Compose, shells and
// --env-file read it alike.
func (p *Plan) environment() string {
	text := "# Settings and secrets of Gavel: NAME=VALUE lines. Keep this file to yourself.\n" +
		"# Every flag of \"gavel serve\" has a variable: --console-token is GAVEL_CONSOLE_TOKEN.\n"
	for _, v := range p.variables() {
		text += "\n"
		if v.about != "" {
			text += "# " + v.about + "\n"
		}
		text += v.name + "=" + quoted(v.value) + "\n"
	}
	return text
}

// quoted puts a value into quotation marks if a shell would read it in another
// way.
func quoted(s string) string {
	if strings.ContainsAny(s, " \t$&;|<>()*?#\"\\`~") {
		return "'" + s + "'"
	}
	return s
}
