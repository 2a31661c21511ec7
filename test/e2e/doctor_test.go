package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/internal/standin"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// diagnosis is what gavel doctor prints as JSON.
type diagnosis struct {
	Well     bool
	Findings []struct{ Code, Level, Subject, Text, Do string }
}

// has reports whether there is a finding of a level with a code and a text.
func (d diagnosis) has(level, code, text string) bool {
	for _, f := range d.Findings {
		if f.Level == level && f.Code == code && strings.Contains(f.Text, text) && (level == "ok") == (f.Do == "") {
			return true
		}
	}
	return false
}

// doctor runs gavel doctor on rules and a database.
func doctor(t *testing.T, rules string, more ...string) diagnosis {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "rules.yaml")
	must(t, os.WriteFile(file, []byte(rules), 0o600))
	args := append([]string{
		"doctor", "--rules", file, "--database", "sqlite:" + filepath.Join(dir, "gavel.db"), "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0",
		"--signing-secret", testkit.Secret, "--output", "json",
	}, more...)
	r := testkit.Gavel(t, args...)
	if strings.Contains(r.Stdout, "hunter2") {
		t.Errorf("a secret is shown:\n%s", r.Stdout)
	}
	var d diagnosis
	if err := json.Unmarshal([]byte(r.Stdout), &d); err != nil {
		t.Fatalf("gavel doctor: %d %s %s", r.Code, r.Stdout, r.Stderr)
	}
	if (r.Code == 0) != d.Well {
		t.Errorf("exit code %d, and well is %v", r.Code, d.Well)
	}
	return d
}

func wantFinding(t *testing.T, d diagnosis, level, code, text string) {
	t.Helper()
	if !d.has(level, code, text) {
		t.Errorf("no finding %s %s %q among %+v", level, code, text, d.Findings)
	}
}

// TestDoctorAsksSlack: who the token is, what it may do, and whether the app is in
// the channels of the rules; nothing is posted.
func TestDoctorAsksSlack(t *testing.T) {
	t.Parallel()
	ask := func(o standin.SlackOptions, token, channel string) diagnosis {
		slack := standin.NewSlack(o)
		must(t, slack.Start(""))
		t.Cleanup(func() { _ = slack.Stop(t.Context()) }) // what is left of it ends with the test
		d := doctor(t, fmt.Sprintf("connections: { slack: { token: %s, api_url: %q } }\nrules:\n  - { name: a, event: \"*\", actions: [ { slack: { channel: %q, text: hi } } ] }\n",
			token, slack.APIURL(), channel))
		if n := len(slack.Received()); n != 0 {
			t.Errorf("%d messages were sent", n)
		}
		return d
	}
	all := standin.SlackOptions{Token: "xoxb-hunter2", Channels: []string{"#sales", "#board"}, Strangers: []string{"#board"}}
	d := ask(all, "xoxb-hunter2", "#sales")
	wantFinding(t, d, "ok", "connection-token", "the token is valid: gavel in Acme")
	wantFinding(t, d, "ok", "connection-channel", "the app can write to #sales")
	wantFinding(t, ask(all, "xoxb-hunter2", "#board"), "problem", "connection-channel", "the app is not in the channel #board")
	wantFinding(t, ask(all, "xoxb-hunter2", "#slaes"), "problem", "connection-channel", "there is no channel #slaes")
	wantFinding(t, ask(all, "xoxb-hunter2x", "#sales"), "problem", "connection-token", "invalid_auth")
	all.Scopes = []string{"channels:read"}
	wantFinding(t, ask(all, "xoxb-hunter2", "#sales"), "problem", "connection-scopes", "the token lacks the scope chat:write")
	all.Scopes = []string{"chat:write"}
	wantFinding(t, ask(all, "xoxb-hunter2", "#sales"), "ok", "connection-channels", "channels were not checked: the token lacks channels:read")
	all.Scopes = []string{"chat:write", "channels:read"}
	wantFinding(t, ask(all, "xoxb-hunter2", "#slaes"), "warning", "connection-channel", "there is no public channel #slaes")
}

// TestDoctorSignsInToMailServers, a real one and one that refuses; no mail is
// sent.
func TestDoctorSignsInToMailServers(t *testing.T) {
	t.Parallel()
	const rules = "connections: { email: { host: %s, port: %s, tls: %s, username: %s, password: %s, from: hi@acme.example%s } }\n" +
		"rules:\n  - { name: a, event: \"*\", actions: [ { email: { to: a@acme.example, subject: hi, text: hi } } ] }\n"
	smtp := standin.NewSMTP(standin.SMTPOptions{Username: "gavel", Password: "hunter2"})
	must(t, smtp.Start(""))
	t.Cleanup(func() { _ = smtp.Stop(t.Context()) }) // as above
	_, port, err := net.SplitHostPort(smtp.Addr())
	must(t, err)
	wantFinding(t, doctor(t, fmt.Sprintf(rules, "127.0.0.1", port, "none", "gavel", "hunter2", "")), "ok", "connection-reachable", "accepts user and password")
	wantFinding(t, doctor(t, fmt.Sprintf(rules, "127.0.0.1", port, "none", "gavel", "hunter22", "")), "problem", "connection-reachable", "refused the username or password")
	if n := len(smtp.Received()); n != 0 {
		t.Errorf("%d mails were sent", n)
	}

	server := testkit.MailServer(t)
	host, port, err := net.SplitHostPort(server.Address)
	must(t, err)
	trusted := ", ca_file: " + server.CA
	d := doctor(t, fmt.Sprintf(rules, host, port, "starttls", server.User, server.Password, trusted))
	wantFinding(t, d, "ok", "connection-reachable", "accepts user and password")
	if !d.has("ok", "connection-certificate", "valid until") && !d.has("warning", "connection-certificate", "expires in") {
		t.Errorf("nothing is said of the certificate: %+v", d.Findings)
	}
	wantFinding(t, doctor(t, fmt.Sprintf(rules, host, port, "starttls", server.User, server.Password, "")), "problem", "connection-reachable", "certificate is not trusted")
}

// TestDoctorGetsTokens of an API, and calls nothing but its base address.
func TestDoctorGetsTokens(t *testing.T) {
	t.Parallel()
	crm := standin.NewCRM(standin.CRMOptions{ClientID: "gavel", ClientSecret: "hunter2"})
	must(t, crm.Start(""))
	t.Cleanup(func() { _ = crm.Stop(t.Context()) }) // as above
	const rules = "connections: { crm: { kind: http, base_url: %[1]q, auth: { oauth2: { token_url: \"%[1]s/oauth2/token\", client_id: gavel, client_secret: %[2]s } } } }\n" +
		"rules:\n  - { name: a, event: \"*\", actions: [ { http: { connection: crm, url: /contacts } } ] }\n"
	wantFinding(t, doctor(t, fmt.Sprintf(rules, crm.URL(), "hunter2")), "ok", "connection-token", "the token endpoint gives a token")
	wantFinding(t, doctor(t, fmt.Sprintf(rules, crm.URL(), "hunter22")), "problem", "connection-token", "client id or secret is wrong")
}

// TestDoctorOpensPostgres: a database that serves, one that is empty, a user who
// may not sign in, and settings that lose data.
func TestDoctorOpensPostgres(t *testing.T) {
	t.Parallel()
	const rules = "rules:\n  - { name: a, event: \"*\", actions: [ { log: { message: hi } } ] }\n"
	database := testkit.NewDatabase(t)
	wantFinding(t, doctor(t, rules, "--database", database), "ok", "database", "serve creates its tables")
	p := testkit.Start(t, testkit.Serve{Database: database})
	d := doctor(t, rules, "--database", database)
	wantFinding(t, d, "ok", "database", "can be opened, schema")
	wantFinding(t, d, "ok", "database-writable", "a write was committed")
	wantFinding(t, d, "ok", "database-size", "its disk is on another machine")
	// The server of the tests does not wait for the disk, unless it has to.
	if !d.has("warning", "database-settings", "fsync = off") && !d.has("ok", "database-settings", "commits are on disk") {
		t.Errorf("nothing is said of the settings: %+v", d.Findings)
	}
	p.Stop()
	u, err := url.Parse(database)
	must(t, err)
	u.Path = "/no_such_database"
	wantFinding(t, doctor(t, rules, "--database", u.String()), "problem", "database", "no such database")
	u.Path, u.User = "/postgres", url.UserPassword("nobody_of_this_name", "hunter2")
	if d := doctor(t, rules, "--database", u.String()); d.Well {
		t.Errorf("a user who may not sign in is no problem: %+v", d.Findings)
	}
	// A role whose transactions are read-only, as on a replica.
	readOnly := database + "&options=-c%20default_transaction_read_only%3Don"
	if !strings.Contains(database, "?") {
		readOnly = database + "?options=-c%20default_transaction_read_only%3Don"
	}
	wantFinding(t, doctor(t, rules, "--database", readOnly), "problem", "database", "read-only")
}
