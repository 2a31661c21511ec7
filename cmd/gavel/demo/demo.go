// Package demo implements "gavel demo", which runs Gavel on one machine with
// stand-ins for Slack, a mail server and a CRM, and sample events.
package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gavel-rules/gavel"
	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/cmd/gavel/send"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/version"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/receiver"
	"github.com/gavel-rules/gavel/ruleset"
)

// demoSecret signs the events of the demo. It protects nothing.
const demoSecret = "demo-signing-secret"

// demoPatience bounds how long the demo waits for the runs of the samples.
const demoPatience = 30 * time.Second

// demo is one run of the command.
type demo struct {
	out    *narrator
	once   bool
	dir    string
	peers  *peers
	app    *app.App
	secret receiver.Signature
}

func (d *demo) run(ctx context.Context) error {
	d.secret = receiver.Signature{Secrets: []receiver.Secret{{Value: demoSecret}}}
	if err := d.start(ctx); err != nil {
		return errors.Join(err, d.stop())
	}
	err := d.sendSamples(ctx)
	if err == nil && !d.once {
		d.explain()
		err = d.untilInterrupted(ctx)
	}
	return errors.Join(err, d.stop())
}

func (d *demo) start(ctx context.Context) (err error) {
	if d.dir == "" {
		if d.dir, err = os.MkdirTemp("", "gavel-demo-"); err != nil {
			return fmt.Errorf("make a folder for the demo: %w", err)
		}
	} else if err := os.MkdirAll(d.dir, 0o750); err != nil {
		return fmt.Errorf("make the folder of the demo: %w", err)
	}
	if err := d.writeRules(); err != nil {
		return err
	}
	if d.peers, err = startPeers(d.out); err != nil {
		return err
	}
	listen, console := "127.0.0.1:8080", "127.0.0.1:8081"
	if d.once || !free(listen) || !free(console) {
		listen, console = "127.0.0.1:0", "127.0.0.1:0"
	}
	d.app, err = app.New(ctx, app.Options{
		Rules:    ruleset.Options{Paths: []string{d.rulesFile()}, Environ: d.peers.environ()},
		Database: "sqlite:" + filepath.Join(d.dir, "gavel.db"),
		Listen:   listen, Console: console,
		Receiver: receiver.Options{Signature: d.secret},
		Observer: d.out, Reloaded: d.out.reloaded, Version: version.Current().Version,
	})
	if err != nil {
		return err
	}
	if err := d.app.Start(); err != nil {
		return err
	}
	d.out.say("Gavel listens on http://%s, with the rules in %s", d.app.Addr(), d.rulesFile())
	d.out.say("Stand-ins: Slack %s, CRM %s, mail server %s", d.peers.slack.URL(), d.peers.crm.URL(), d.peers.mail.Addr())
	return nil
}

func (d *demo) rulesFile() string { return filepath.Join(d.dir, "rules.yaml") }

// writeRules writes the example into the demo's folder, unless it has rules
// from an earlier demo.
func (d *demo) writeRules() error {
	if _, err := os.Stat(d.rulesFile()); err == nil {
		return nil
	}
	if err := os.WriteFile(d.rulesFile(), gavel.ExampleRules, 0o600); err != nil {
		return fmt.Errorf("write the demo's rules: %w", err)
	}
	return nil
}

// free reports whether an address can be listened on.
func free(addr string) bool {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	_ = l.Close() // it was only tried
	return true
}

// sendSamples sends the events of one meeting and waits until all runs have
// ended and all three stand-ins were reached.
func (d *demo) sendSamples(ctx context.Context) error {
	meeting := uuid.NewString()
	for _, eventType := range []string{event.TypeWebhookTest, event.TypeScheduled, event.TypeRescheduled, event.TypeCanceled} {
		if err := d.sendSample(ctx, eventType, meeting); err != nil {
			return err
		}
		ended, cancel := context.WithTimeout(ctx, demoPatience)
		err := d.out.allEnded(ended)
		cancel()
		if err != nil {
			return fmt.Errorf("after %s: %w", eventType, err)
		}
	}
	d.out.say("")
	if missing := d.peers.missing(); len(missing) > 0 {
		return fmt.Errorf("the demo did not reach: %s", strings.Join(missing, ", "))
	}
	if failed := d.out.failures(); failed > 0 {
		return fmt.Errorf("%s not succeed", terminal.Counted(failed, "run did", "runs did"))
	}
	d.out.say("Everything arrived: %s, %s, %s.",
		terminal.Counted(len(d.peers.slack.Messages()), "Slack message", "Slack messages"),
		terminal.Counted(len(d.peers.crm.Received()), "CRM call", "CRM calls"), terminal.Counted(len(d.peers.mail.Received()), "mail", "mails"))
	return nil
}

func (d *demo) sendSample(ctx context.Context, eventType, meeting string) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	body, err := sample.Body(eventType, id.String(), time.Now())
	if err != nil {
		return err
	}
	if eventType != event.TypeWebhookTest {
		if body, err = sample.Set(body, "meeting.id", meeting); err != nil {
			return err
		}
	}
	d.out.say("")
	d.out.say("→ Cirrus Insight sends %s", eventType)
	r, err := send.Post(ctx, "http://"+d.app.Addr()+receiver.DefaultPath, body, d.secret)
	if err != nil {
		return err
	}
	if r.Outcome != string(receiver.Accepted) {
		return fmt.Errorf("the receiver answered %d: %s", r.Status, terminal.Safe(r.Body))
	}
	return nil
}

func (d *demo) explain() {
	d.out.say(`
It keeps running. Look at it in a browser: http://%s
Try:
  1. Edit %s and save; the change is live at once.
  2. Send another event, from a second terminal:
       gavel send --url http://%s%s --secret %s --event %s
     (from the source folder, write "go run ./cmd/gavel" for "gavel")
  3. Look at what was stored:
       gavel runs list --database sqlite:%s
End with Ctrl-C.
`, d.app.ConsoleAddr(), d.rulesFile(), d.app.Addr(), receiver.DefaultPath, demoSecret, event.TypeCanceled, filepath.Join(d.dir, "gavel.db"))
}

func (d *demo) untilInterrupted(ctx context.Context) error {
	select {
	case err := <-d.app.Failed():
		return err
	case <-ctx.Done():
		return nil
	}
}

func (d *demo) stop() error {
	var problems []error
	if d.app != nil {
		problems = append(problems, d.app.Stop())
	}
	if d.peers != nil {
		problems = append(problems, d.peers.stop())
	}
	if d.once && strings.Contains(d.dir, "gavel-demo-") {
		problems = append(problems, os.RemoveAll(d.dir))
	}
	return errors.Join(problems...)
}
