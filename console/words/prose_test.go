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

func TestIDsLeadToWhatTheyName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"late: event ev-12 of this meeting is newer":   "late: event |event ev-12| of this meeting is newer",
		"this event joins run 0190-a as number 3, due": "this event joins run |run 0190-a| as number 3, due",
		"canceled by event ORG/9f2c1a.":                "canceled by event |event ORG/9f2c1a|.",
		"the event received first, run 2 times":        "the event received first, run 2 times",
	} {
		var got []string
		for _, p := range Pieces(text) {
			got = append(got, strings.TrimSpace(p.Kind+" "+p.Text))
			if p.Kind == "" {
				got[len(got)-1] = p.Text
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
