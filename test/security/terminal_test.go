package security

import (
	"strings"
	"testing"
	"unicode"

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
