package words

import (
	"fmt"
	"strings"
	"testing"
)

func TestMomentsAreTakenOutOfTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                        "",
		"no moment, UTC or not":   "no moment, UTC or not",
		"2026-11-24 06:33:44 UTC": "|<1795502024>|",
		"moved from 2026-11-24 06:33:44 UTC to 2026-11-24 09:33:44 UTC by ev-1": "moved from |<1795502024>| to |<1795512824>| by ev-1",
		"on 2026-13-99 06:33:44 UTC":   "on 2026-13-99 06:33:44 UTC",
		" UTC UTC UTC":                 " UTC UTC UTC",
		" UTC 2026-11-24 06:33:44 UTC": " UTC |<1795502024>|",
	} {
		var got []string
		for _, p := range Pieces(text) {
			if p.At.IsZero() {
				got = append(got, p.Text)
			} else {
				got = append(got, fmt.Sprintf("<%d>", p.At.Unix()))
			}
		}
		if joined := strings.Join(got, "|"); joined != want {
			t.Errorf("%q: %q, want %q", text, joined, want)
		}
	}
}

func TestTurnedTextIsVisibleInPayloads(t *testing.T) {
	t.Parallel()
	if got, want := Pretty([]byte("{\"a\":\"\u202egnp.exe\"}")), "{\n  \"a\": \"\\u202egnp.exe\"\n}"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTraceID(t *testing.T) {
	t.Parallel()
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	for header, want := range map[string]string{"00-" + id + "-00f067aa0ba902b7-01": id, "": "", "00-1-2-01": "", id: ""} {
		if got := TraceID(header); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}
