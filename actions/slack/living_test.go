package slack_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/params"
)

// canceledAt is the preview of a living message for a canceled meeting.
func canceledAt(t *testing.T, action string, edits ...string) shownMessage {
	t.Helper()
	return preview(t, action, append([]string{"meeting.isCanceled", "true"}, edits...)...)
}

// TestACanceledMessageIsStruck has what authors write in messages.
func TestACanceledMessageIsStruck(t *testing.T) {
	t.Parallel()
	check := func(text, want string) {
		t.Helper()
		raw, _ := json.Marshal(text)
		m := canceledAt(t, `{ channel: "#sales", living: true, text: `+string(raw)+` }`, place, "a~b *c*")
		if m.Text != want {
			t.Errorf("%q is %q, want %q", text, m.Text, want)
		}
	}
	check("*Booked* <https://a.example/~me|here>", "~*Booked* <https://a.example/~me|here>~")
	check("was ~10:00~ now 11:00", "~was 10:00 now 11:00~")
	check("one\n\n  two ", "~one~\n\n  ~two~")
	check("> quoted\n- item\n1. first\n• dot", "> ~quoted~\n- ~item~\n1. ~first~\n• ~dot~")
	check("a\n```\ncode\n```\nb", "~a~\n```\ncode\n```\n~b~")
	check("at ${{ meeting.meetingInfo.location }}", "~at a∼b ∗c∗~")
	for _, off := range []string{"strike_canceled: false", "per: meeting.id", "living: thread"} {
		form := "living: true, " + off
		if strings.HasPrefix(off, "living") {
			form = off
		}
		if m := canceledAt(t, `{ channel: "#sales", text: kept, `+form+` }`); m.Text != "kept" {
			t.Errorf("%s: %q", off, m.Text)
		}
	}
	if m := canceledAt(t, `{ channel: "#sales", text: kept }`); m.Text != "kept" {
		t.Errorf("a message that does not live: %q", m.Text)
	}
}

func TestBlocksOfACanceledMessageAreStruck(t *testing.T) {
	t.Parallel()
	m := canceledAt(t, `
          channel: "#sales"
          living: true
          blocks:
            - { type: header, block_id: top, text: { type: plain_text, text: "By *${{ meeting.meetingInfo.location }}*" } }
            - { type: section, text: { type: mrkdwn, text: "*Where*\nhere" }, fields: [{ type: plain_text, text: "a & b" }, { type: mrkdwn, text: c }] }
            - { type: context, elements: [{ type: plain_text, text: soon }, { type: image, image_url: "https://a.example/x.png", alt_text: x }] }
            - { type: markdown, text: "# Big\n**bold**\n| a |" }
            - { type: rich_text, elements: [{ type: rich_text_section, elements: [{ type: text, text: rich, style: { bold: true } }] }] }
            - { type: actions, elements: [{ type: button, text: { type: plain_text, text: Open }, url: "https://a.example/" }] }
            - { type: divider }
`, place, "<x>")
	got, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"block_id":"top","text":{"text":"~*By ∗\u0026lt;x\u0026gt;∗*~","type":"mrkdwn"},"type":"section"}`,
		`"text":{"text":"~*Where*~\n~here~","type":"mrkdwn"}`, `{"text":"~a \u0026amp; b~","type":"mrkdwn"}`, `{"text":"~c~","type":"mrkdwn"}`,
		`{"text":"~soon~","type":"mrkdwn"}`, `"# ~~Big~~\n~~**bold**~~\n| a |"`, `"style":{"bold":true,"strike":true},"text":"rich"`, `"text":{"text":"Open","type":"plain_text"}`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

// TestAStruckTextFits has more lines than there is room for marks.
func TestAStruckTextFits(t *testing.T) {
	t.Parallel()
	for _, value := range []string{strings.Repeat("a\n", 1600), strings.Repeat("b", 5000), strings.Repeat("c d\n", 900)} {
		m := canceledAt(t, `{ channel: "#sales", living: true, blocks: [{ type: section, text: { type: mrkdwn, text: "${{ meeting.meetingInfo.location }}" } }] }`, place, value)
		text := at(t, m.Blocks[0], "text", "text")
		if n := utf8.RuneCountInString(text); n > 3000 || !strings.HasPrefix(text, "~") {
			t.Errorf("%d characters: %.20q", n, text)
		}
	}
}

// TestFailuresOfALivingMessage are those that other actions have, too.
func TestFailuresOfALivingMessage(t *testing.T) {
	t.Parallel()
	rig, peer := setup(t, `{ channel: "#sales", text: hi, living: true }`)
	effect, err := rig.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	life := &params.Life{Key: "k"}
	peer.RefuseNext(1, "not_in_channel")
	_, err = effect.Do(t.Context(), params.Delivery{Key: "r", Life: life})
	if f := actionstest.Failure(t, err); f.Cause != event.CauseClient || f.Arrival != event.Answered || life.Where != nil {
		t.Errorf("failure is %+v", f)
	}
	if _, err = effect.Do(t.Context(), params.Delivery{Key: "r", Life: life}); err != nil || life.Where == nil {
		t.Fatalf("not posted: %v", err)
	}
	peer.RefuseNext(1, "ratelimited")
	_, err = effect.Do(t.Context(), params.Delivery{Key: "r", Life: life})
	if f := actionstest.Failure(t, err); f.Cause != event.CauseRateLimited || !f.Retry {
		t.Errorf("failure is %+v", f)
	}
}
