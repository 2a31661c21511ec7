package rules_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestManyLiteralsSayWhatConditionsSay compares looking for many texts at once
// with running every condition: texts inside each other, that overlap, that end
// in the middle of a character, and the empty text; fields that are not text.
func TestManyLiteralsSayWhatConditionsSay(t *testing.T) {
	t.Parallel()
	matched, failed := 0, 0
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 3))
		word := func(longest int) string {
			var b strings.Builder
			for range random.IntN(longest + 1) {
				b.WriteString([]string{"a", "a", "b", "é", "è", "A"}[random.IntN(6)])
			}
			return b.String()
		}
		field := func() string {
			return []string{"meeting.meetingInfo.meetingName", "meeting.meetingInfo.meetingName", "data.extra", "meeting.id"}[random.IntN(4)]
		}
		var b strings.Builder
		for i := range 120 {
			when := fmt.Sprintf("%s contains %q", field(), word(6))
			switch random.IntN(5) {
			case 0:
				when += fmt.Sprintf(" and %s contains %q", field(), word(3))
			case 1:
				when = fmt.Sprintf("(%s or %s contains %q)", when, field(), word(4))
			case 2:
				when += " and " + []string{"data.extra > 1", "meeting.isCanceled", "not (meeting.id contains \"b\")", `meeting.id startsWith "a"`}[random.IntN(4)]
			}
			fmt.Fprintf(&b, "  - { name: r-%d, event: \"*\", when: %s, actions: [ { note: { text: x } } ] }\n", i, quoted(when))
		}
		set := load(t, "rules:\n"+b.String())
		for i := range 60 {
			extra := []string{fmt.Sprintf("%q", word(8)), "7", "null", `["a"]`, "true"}[random.IntN(5)]
			ev := decodeEvent(t, fmt.Sprintf(`{"eventId":"e-%d","eventType":"scheduling.smartscheduler.scheduled","eventTimestamp":"2026-03-01T10:00:00Z",
				"data":{"id":%q,"extra":%s,"isCanceled":%t,"meetingInfo":{"meetingName":%q}}}`, i, word(9), extra, random.IntN(2) == 0, word(40)))
			diff, m, f := matchesAsEach(set, ev)
			matched, failed = matched+m, failed+f
			if diff != "" {
				t.Fatalf("seed %d, event %s (-want +got):\n%s", seed, ev.Body, diff)
			}
		}
	}
	if matched < 1000 || failed < 100 {
		t.Errorf("only %d matches and %d failures were compared", matched, failed)
	}
}
