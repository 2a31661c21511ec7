package words_test

import (
	"testing"
	"time"

	"github.com/gavel-rules/gavel/console/words"
)

func TestOnce(t *testing.T) {
	t.Parallel()
	shown := time.Date(2026, 3, 10, 12, 0, 0, 1000, time.UTC)
	const is, was = "2026-03-10 12:00:00 UTC", "2026-03-09 12:00:00 UTC"
	for text, want := range map[string]string{
		`waiting until ` + is + `: meeting.meetingEnd + duration("1h") is ` + is:                    `meeting.meetingEnd + duration("1h")`,
		`moved from ` + was + ` to ` + is + ` by event ev-1: meeting.meetingEnd is ` + is:           `moved from @ by event ev-1: meeting.meetingEnd`,
		`moved manually from ` + was + ` to ` + is + ` in the console`:                              `moved manually from @ in the console`,
		`waiting until ` + is + `: meetingEnd is ` + was + `; held until ` + is + ` (only_between)`: `meetingEnd is @; held (only_between)`,
		`digest: collects events until ` + is + ` for "Kim"`:                                        `digest: collects events for "Kim"`,
		`nothing to cut`: `nothing to cut`,
		is + ` alone`:    `@ alone`,
		``:               ``,
	} {
		got := ""
		for _, p := range words.Once(text, shown) {
			if got += p.Text; !p.At.IsZero() {
				got += "@"
			}
		}
		if got != want {
			t.Errorf("%q reads %q, want %q", text, got, want)
		}
	}
}
