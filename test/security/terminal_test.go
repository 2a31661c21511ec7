package security

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// terminalsStayQuiet reads what the command line prints of hostile events.
func (b *battlefield) terminalsStayQuiet(t *testing.T) {
	quiet := func(what, text string) {
		t.Helper()
		for line := range strings.Lines(text) {
			if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), acts) {
				t.Errorf("%s prints a hidden character: %q", what, line)
			}
		}
	}
	ask := func(args ...string) {
		t.Helper()
		r := testkit.Gavel(t, append(args, "--database", b.gavel.Database)...)
		quiet("gavel "+strings.Join(args, " "), r.Stdout+r.Stderr)
	}
	ask("events", "list", "--limit", "100000")
	ask("runs", "list", "--limit", "1000000")
	for _, a := range b.attacks {
		if !strings.HasPrefix(a.group, "control") && !strings.HasPrefix(a.group, "direction") {
			continue
		}
		ask("events", "show", a.id)
		for _, rule := range []string{"slack", "to-name", "header-name"} {
			ask("runs", "show", b.runs[a.id][rule].ID)
		}
	}
	quiet("the log", b.gavel.Log())
}

// acts reports whether a terminal acts on r.
func acts(r rune) bool { return hidden(r) && (r < 0xfdd0 || unicode.IsControl(r)) }

// logLinesStayLines: every line of the log is one that Gavel began.
func (b *battlefield) logLinesStayLines(t *testing.T) {
	said := 0
	for line := range strings.Lines(b.gavel.Log()) {
		if !strings.HasPrefix(line, "time=") {
			t.Errorf("a line of the log begins with something else: %s", clip(line))
		}
		if strings.Contains(line, `msg="rule says"`) {
			said++
		}
		if level := strings.Fields(line)[1]; level == "level=ERROR" {
			t.Errorf("a line of the log is forged, or an error: %s", clip(line))
		}
	}
	if said != len(b.attacks) {
		t.Errorf("the log action has written %d lines, want %d", said, len(b.attacks))
	}
}

// TestLogInJSON reads the log as programs do. What they get out of it often
// ends up in a terminal, so it must not hold what a terminal acts on.
func TestLogInJSON(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{
		Args: []string{"--log-format", "json"},
		Rules: `rules:
  - { name: r, event: scheduling.*, actions: [{ log: { message: "by ${{ meeting.meetingInfo.primaryInviteeName }}", fields: { where: "${{ meeting.meetingInfo.location }}" } } }] }
`,
	})
	const hostile = "Ann\x1b[2J\x1b]0;owned\a\u202egnp.exe\u2066\r\n{\"level\":\"ERROR\",\"msg\":\"forged\"}\u0085\u009b31m\x7f\b\u2028end"
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "e1", "meeting.meetingInfo.primaryInviteeName", hostile, "meeting.meetingInfo.location", hostile))
	testkit.Eventually(t, "the line is written", func() bool { return strings.Contains(p.Log(), `"rule says"`) })
	for line := range strings.Lines(p.Log()) {
		var entry struct {
			Level, Text string
			Fields      map[string]string
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Level != "INFO" {
			t.Errorf("a line of the log is %q (%v)", line, err)
		}
		for _, text := range []string{entry.Text, entry.Fields["where"]} {
			if strings.ContainsFunc(text, func(r rune) bool { return acts(r) || r == '\n' || r == '\t' }) {
				t.Errorf("the log action has written %q", text)
			}
		}
	}
}
