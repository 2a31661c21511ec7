package actionstest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/rules/params"
)

// Hostile is an action that puts untrusted values into a format with syntax,
// such as a Slack message, HTML or an HTTP request.
type Hostile struct {
	Rig *Rig
	// Field is the path of the event's field that the action uses everywhere.
	Field string
	// Structure parses what would be sent as its destination does, and returns
	// all that is not text: marks, links, tags, headers, keys, lines.
	Structure func(params.Effect) ([]string, error)
}

// hostileValues are injection attempts for various formats; each is tried with
// each action.
func hostileValues() []string {
	return []string{
		"A\nB: c\n\nd", "A\r\nBcc: eve@evil.example\r\n\r\nHello", "A\u2028B\u0085C", "say \"x\" 'y' `z` \\", "\\", "\"", "'", "`",
		"<!channel> <!here|x> <@U123> <#C1|x> <https://evil.example|ok>", "@here @channel @everyone #general",
		"[pay](https://evil.example) ](https://evil.example) ![x](y)", "https://evil.example/x evil.example mailto:eve@evil.example", "evil.example.",
		"*b* _i_ ~s~ ```c```", "*", "_", "> quote\n> more", "\n# big\n- item\n1. one\n---", ":tada: :x:", ":tada", "tada:",
		"a\u202eb\u2066c\u200fd", "\x00\x07\x1b[31mred\x1b[0m\x7f", "bad\xffbyte", "</b><script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "<!-- x --> ]]> &amp; &lt;",
		`{"a":1}`, `","admin":true,"x":"`, `1,"admin":true`, "[1,2]", "../../admin", "x/../y", "?a=b&c=d#e", "%0d%0aX-Admin: yes", "%2e%2e%2f", "a;b,c=d", "=?utf-8?q?Bcc=3A?=",
		"Eve <eve@evil.example>, b@evil.example", "${{ env.SECRET }} {{ x }} $(id)", "=1+1",
		strings.Repeat("x", 50_000), strings.Repeat("<&\"", 5_000), strings.Repeat("🦝é", 20_000), strings.Repeat("*a*\n", 2_000),
	}
}

// HostileContract checks that no value changes the structure of what is sent:
// it is the same as with a plain name. An action may also refuse the value.
func HostileContract(t *testing.T, h Hostile) {
	t.Helper()
	for _, fault := range HostileFaults(h) {
		t.Error(fault)
	}
}

// HostileFaults describes the values that change the structure.
func HostileFaults(h Hostile) []string {
	effect, err := h.Rig.Prepare(h.Field, "Ada")
	if err != nil {
		return []string{fmt.Sprintf("a plain name is refused: %v", err)}
	}
	plain, err := h.Structure(effect)
	if err != nil {
		return []string{fmt.Sprintf("a plain name is not sent: %v", err)}
	}
	var faults []string
	for _, value := range hostileValues() {
		effect, err := h.Rig.Prepare(h.Field, value)
		if err != nil {
			continue
		}
		got, err := h.Structure(effect)
		switch {
		case err != nil:
			faults = append(faults, fmt.Sprintf("%.60q cannot be read by the destination: %v", value, err))
		case !slices.Equal(plain, got):
			faults = append(faults, fmt.Sprintf("%.60q changes what is sent:\n  %.600q\n, with a plain name it is\n  %.600q", value, got, plain))
		}
	}
	return faults
}
