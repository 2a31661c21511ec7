package slack_test

import (
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/actions/slack"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	check := func(in, want string) {
		t.Helper()
		if got := strings.ReplaceAll(slack.Escape(in), "\u2060", "|"); got != want {
			t.Errorf("Escape(%q) = %q, want %q (| is a word joiner)", in, got, want)
		}
	}
	check("", "")
	check("Dr. Ada Lovelace", "Dr. Ada Lovelace")
	check("Müller & Söhne <GmbH>", "Müller &amp; Söhne &lt;GmbH&gt;")
	check("<!channel> <@U123> <#C1|x>", "&lt;!channel&gt; &lt;@|U123&gt; &lt;#|C1|x&gt;")
	check("<https://evil.example|ok>", "&lt;https:|//evil.|example|ok&gt;")
	check("@here and #general", "@|here and #|general")
	check("https://evil.example/x?a=1", "https|:|//evil.|example/x?a=1")
	check("go to evil.example now", "go to evil.|example now")
	check("https://ada@evil.example/", "https|:|//ada@|evil.|example/")
	check("write to ada.l@acme.example.", "write to ada.l@acme.example.")
	check("*bold* _it_ ~no~ `code`", "∗bold∗ ˍitˍ ∼no∼ ˋcodeˋ")
	check("snake_case stays", "snake_case stays")
	check("> quote\n  > again > not", "› quote\n  › again &gt; not")
	check(":tada: at 10:30", ":|tada: at 10:30")
	check("02:00", "02:00")
	check("from 9:00 to 10:30, room #12", "from 9:00 to 10:30, room #12")
	check("10:30:45", "10:|30:45") // a workspace can have an emoji of any name
	check(":tad", ":|tad")
	check("ada:", "ada|:") // the author may have written a colon in front
	check("Note: room 5", "Note: room 5")
	check("see e.g. 5 p.m. or U.S.A.", "see e.g. 5 p.m. or U.S.A.")
	check("evil。example", "evil。|example")
	check("a\u202eb\x00c\u2066d", "abcd")
	check("mailto:x@evil.example", "mailto|:x@|evil.|example")
	check("bad\xffbyte", "bad\uFFFDbyte")
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "<!here>", "*a*", "http://x.example", "ada@acme.example", "a_b_", ":x:", "&amp;", "\u202e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := slack.Escape(s)
		if strings.ContainsAny(got, "<>*~`\u202e\x00") {
			t.Fatalf("Escape(%q) = %q still holds a mark", s, got)
		}
		if strings.Contains(got, "://") || strings.Contains(got, "@here") || strings.Contains(got, "@channel") {
			t.Fatalf("Escape(%q) = %q still holds a link or a mention", s, got)
		}
	})
}

// TestEscapeOfLongTexts: the work grows with the length of a name, not with the
// square of it, which would take minutes here.
func TestEscapeOfLongTexts(t *testing.T) {
	t.Parallel()
	const half = 500_000
	long := strings.Repeat("a", half) + strings.Repeat(":", half)
	if got := slack.Escape(long); strings.Count(got, ":") != half {
		t.Errorf("%d colons are left", strings.Count(got, ":"))
	}
}
