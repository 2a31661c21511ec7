package runbook

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// processGone kills the process, as the kernel does when memory runs out.
func processGone(t *testing.T, e entry) {
	p := testkit.Start(t, testkit.Serve{})
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "before"))
	p.Kill()
	r := testkit.Gavel(t, "status", "--server", p.Console)
	e.isSeen(t, sights{}.prints(r.Stderr))
	p.Restart()
	worksAgain(t, p)
	if r := testkit.Gavel(t, "events", "list", "--database", p.Database); !strings.Contains(r.Stdout, "before") {
		t.Errorf("what was acknowledged is not there:\n%s", r.Stdout)
	}
}

// endsAtStart cannot listen, and has rules with an error.
func endsAtStart(t *testing.T, e entry) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() }) // nobody connects
	p := testkit.Start(t, testkit.Serve{})
	p.Stop()
	held := serveOnce(t, p, "--database", p.Database, "--listen", l.Addr().String())
	p.WriteRules("rules:\n  - { name: bad, event: \"*\", when: meeting.nothing == 1, actions: [{ log: { message: hi } }] }\n")
	bad := serveOnce(t, p, "--database", p.Database)
	e.isSeen(t, sights{}.prints(held.Stderr+bad.Stderr))
}

// noFiles lets senders hold all connections that few files allow.
func noFiles(t *testing.T, e entry) {
	script := filepath.Join(t.TempDir(), "few")
	must(t, os.WriteFile(script, []byte(fmt.Sprintf("#!/bin/sh\nulimit -n 60\nexec %s \"$@\"\n", testkit.Binary(t))), 0o700))
	p := testkit.Start(t, testkit.Serve{Binary: script})
	var open []net.Conn
	for range 80 {
		c, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
		must(t, err)
		open = append(open, c)
	}
	e.isSeen(t, of(t, p))
	for _, c := range open {
		must(t, c.Close())
	}
	worksAgain(t, p)
}

func badSignatures(t *testing.T, e entry) {
	p := testkit.Start(t, testkit.Serve{})
	body := testkit.Sample(t, event.TypeScheduled, "forged")
	for range 5 {
		_, err := testkit.Post(t, p.Client, p.URL, "the old secret", body)
		must(t, err)
	}
	a, err := testkit.Post(t, p.Client, p.URL, "the old secret", body)
	must(t, err)
	s := of(t, p)
	s["answer"] = func() string { return fmt.Sprintf("%d %s", a.Code, a.Body) }
	e.isSeen(t, s)
}

func sourceQuiet(t *testing.T, e entry) {
	p := testkit.Start(t, testkit.Serve{Args: []string{"--expect-event-every", "1s"}})
	p.MustPost(testkit.Sample(t, event.TypeWebhookTest, "validation"))
	e.isSeen(t, of(t, p))
}

func rulesRejected(t *testing.T, e entry) {
	p := testkit.Start(t, testkit.Serve{})
	p.WriteRules("rules:\n  - { name: bad, event: \"*\", when: meeting.nothing == 1, actions: [{ log: { message: hi } }] }\n")
	p.Reload()
	s := of(t, p)
	s["command"] = func() string { return testkit.Gavel(t, "check", p.RulesFile).Stdout }
	e.isSeen(t, s)
}
