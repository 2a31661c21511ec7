package slack_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/actions/slack"
	"github.com/gavel-rules/gavel/event"
)

type shownMessage struct {
	Text   string           `json:"text"`
	Blocks []map[string]any `json:"blocks"`
	Cut    []string         `json:"cut"`
}

func preview(t *testing.T, action string, edits ...string) shownMessage {
	t.Helper()
	rig, _ := setup(t, action)
	var m shownMessage
	if err := json.Unmarshal([]byte(rig.Preview(edits...)), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// at walks into the JSON of a message.
func at(t *testing.T, node any, path ...any) string {
	t.Helper()
	for _, step := range path {
		switch s := step.(type) {
		case string:
			node = node.(map[string]any)[s]
		case int:
			node = node.([]any)[s]
		}
	}
	text, ok := node.(string)
	if !ok {
		t.Fatalf("%v is %v", path, node)
	}
	return text
}

// TestTextsFitTheirPlace puts a value that is too long everywhere, and longer
// still once it is escaped, into each place that Slack bounds.
func TestTextsFitTheirPlace(t *testing.T) {
	t.Parallel()
	m := preview(t, `
          channel: "#sales"
          text: "*${{ meeting.meetingInfo.location }}*"
          blocks:
            - { type: header, text: { type: plain_text, text: "By ${{ meeting.meetingInfo.location }}!" } }
            - type: section
              text: { type: mrkdwn, text: "*By* ${{ meeting.meetingInfo.location }} <https://crm.example|open>" }
              fields: [{ type: plain_text, text: "${{ meeting.meetingInfo.location }}" }]
              accessory: { type: button, text: { type: plain_text, text: "${{ meeting.meetingInfo.location }}" } }
            - { type: context, elements: [{ type: mrkdwn, text: "${{ meeting.meetingInfo.location }}" }] }
            - type: actions
              elements:
                - type: static_select
                  placeholder: { type: plain_text, text: "${{ meeting.meetingInfo.location }}" }
                  options: [{ value: a, text: { type: plain_text, text: "${{ meeting.meetingInfo.location }}" } }]
                  confirm: { title: { type: plain_text, text: "${{ meeting.meetingInfo.location }}" }, text: { type: mrkdwn, text: "${{ meeting.meetingInfo.location }}" } }
            - { type: image, image_url: "https://acme.example/x.png", alt_text: "${{ meeting.meetingInfo.location }}", title: { type: plain_text, text: "${{ meeting.meetingInfo.location }}" } }
            - { type: markdown, text: "${{ meeting.meetingInfo.location }}" }
`, place, strings.Repeat("a&", 30_000))
	check := func(limit int, text, prefix, suffix string) {
		t.Helper()
		if n := utf8.RuneCountInString(text); n > limit || n < limit-6 {
			t.Errorf("a text has %d characters, want close to %d", n, limit)
		}
		if !strings.HasPrefix(text, prefix) || !strings.HasSuffix(text, suffix) {
			t.Errorf("a text is %.20q … %q, want %q … %q", text, text[len(text)-20:], prefix, suffix)
		}
		value := strings.TrimSuffix(strings.TrimSuffix(text, suffix), "…")
		if i := strings.LastIndexByte(value, '&'); strings.Contains(text, "&amp;") && !strings.HasPrefix(value[i:], "&amp;") {
			t.Errorf("half an entity stays: %q", value[i:])
		}
	}
	check(40_000, m.Text, "*a&amp;", "…*")
	b := m.Blocks
	check(150, at(t, b[0], "text", "text"), "By a&", "…!")
	check(3000, at(t, b[1], "text", "text"), "*By* a&amp;", "… <https://crm.example|open>")
	check(2000, at(t, b[1], "fields", 0, "text"), "a&", "…")
	check(75, at(t, b[1], "accessory", "text", "text"), "a&", "…")
	check(3000, at(t, b[2], "elements", 0, "text"), "a&amp;", "…")
	check(150, at(t, b[3], "elements", 0, "placeholder", "text"), "a&", "…")
	check(75, at(t, b[3], "elements", 0, "options", 0, "text", "text"), "a&", "…")
	check(100, at(t, b[3], "elements", 0, "confirm", "title", "text"), "a&", "…")
	check(300, at(t, b[3], "elements", 0, "confirm", "text", "text"), "a&amp;", "…")
	check(2000, at(t, b[4], "alt_text"), "a&", "…")
	check(2000, at(t, b[4], "title", "text"), "a&", "…")
	check(12_000, at(t, b[5], "text"), "a&amp;", "…")
	for _, want := range []string{
		"text had 180002 characters and was cut to 40000", "blocks[0].text had 60004 characters and was cut to 150", "blocks[1].fields[0] had 60000 characters and was cut to 2000",
		"blocks[3].elements[0].confirm.title had 60000 characters and was cut to 100", "blocks[4].alt_text had 60000 characters and was cut to 2000",
	} {
		if !slices.Contains(m.Cut, want) {
			t.Errorf("it does not tell %q, only %q", want, m.Cut)
		}
	}
}

// TestCutIsTold sends a message that did not fit.
func TestCutIsTold(t *testing.T) {
	t.Parallel()
	rig, peer := setup(t, `{ channel: "#sales", blocks: [{ type: header, text: { type: plain_text, text: "${{ meeting.meetingInfo.location }}" } }] }`)
	result, err := rig.Do(t.Context(), place, strings.Repeat("x", 151))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"blocks[0].text had 151 characters and was cut to 150"}
	if diff := cmp.Diff(want, result.(*slack.Result).Cut); diff != "" {
		t.Errorf("cut (-want +got):\n%s", diff)
	}
	if sent := string(peer.Received()[0].Blocks); strings.Contains(sent, "cut") {
		t.Errorf("Slack was told, too: %s", sent)
	}
}

// TestEmptyTexts has an answer that is empty.
func TestEmptyTexts(t *testing.T) {
	t.Parallel()
	m := preview(t, `
          channel: "#sales"
          blocks:
            - { type: section, text: { type: mrkdwn, text: "${{ meeting.meetingInfo.location }}" }, fields: [{ type: plain_text, text: " ${{ meeting.meetingInfo.location }}" }] }
            - { type: markdown, text: "${{ meeting.meetingInfo.location }}" }
            - { type: image, image_url: "https://acme.example/x.png", alt_text: "${{ meeting.meetingInfo.location }}" }
`, place, "")
	for _, got := range []string{at(t, m.Blocks[0], "text", "text"), at(t, m.Blocks[0], "fields", 0, "text"), at(t, m.Blocks[1], "text"), at(t, m.Blocks[2], "alt_text")} {
		if got != "–" {
			t.Errorf("an empty text is sent as %q", got)
		}
	}
	if want := "blocks[0].text is empty for this event; – is used instead"; !slices.Contains(m.Cut, want) {
		t.Errorf("it does not tell %q, only %q", want, m.Cut)
	}
}

func TestListsFit(t *testing.T) {
	t.Parallel()
	field := `{ type: plain_text, text: x },`
	m := preview(t, `{ channel: "#sales", blocks: [{ type: section, fields: [`+strings.Repeat(field, 12)+`] },
	  { type: context, elements: [`+strings.Repeat(field, 12)+`] },`+strings.Repeat(`{ type: divider },`, 60)+`] }`)
	if n, fields, elements := len(m.Blocks), len(m.Blocks[0]["fields"].([]any)), len(m.Blocks[1]["elements"].([]any)); n != 50 || fields != 10 || elements != 10 {
		t.Errorf("%d blocks, %d fields, %d elements", n, fields, elements)
	}
	want := []string{
		"blocks had 62 items; the first 50 were kept", "blocks[0].fields had 12 items; the first 10 were kept", "blocks[1].elements had 12 items; the first 10 were kept",
	}
	if diff := cmp.Diff(want, m.Cut); diff != "" {
		t.Errorf("cut (-want +got):\n%s", diff)
	}
}

// TestWhatMustNotBeCut has an address and a value that would mean something
// else if they were shorter.
func TestWhatMustNotBeCut(t *testing.T) {
	t.Parallel()
	for _, button := range []string{`url: "https://crm.example/${{ meeting.meetingInfo.location }}"`, `value: "${{ meeting.meetingInfo.location }}"`} {
		rig, _ := setup(t, `{ channel: "#sales", blocks: [{ type: actions, elements: [{ type: button, text: { type: plain_text, text: x }, `+button+` }] }] }`)
		_, err := rig.Prepare(place, strings.Repeat("x", 3000))
		if f := actionstest.Failure(t, err); f.Cause != event.CauseRefused || f.Retry || !strings.Contains(f.Text, "blocks[0].elements[0].") {
			t.Errorf("%s: %+v", button, f)
		}
	}
}

// TestWebhookThatDoesNotTakeTheMessage answers 200 all the same.
func TestWebhookThatDoesNotTakeTheMessage(t *testing.T) {
	t.Parallel()
	check := func(reply string, cause event.Cause, want string) {
		t.Helper()
		peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, reply) }))
		t.Cleanup(peer.Close)
		rig := actionstest.Load(t, kinds(t), `
connections: { slack: { webhook_url: "`+peer.URL+`/services/x" } }
rules: [ { name: try, event: "*", actions: [ { slack: { text: Hello } } ] } ]
`, nil)
		_, err := rig.Do(t.Context())
		if cause == "" {
			if err != nil {
				t.Errorf("%s: %v", reply, err)
			}
			return
		}
		if f := actionstest.Failure(t, err); f.Cause != cause || !strings.Contains(f.Text, want) {
			t.Errorf("%s: %+v, want %s and %q", reply, f, cause, want)
		}
	}
	check("ok", "", "")
	check("ok\n", "", "")
	check(`{"ok":true}`, "", "")
	check("<html>Sign in</html>", event.CauseServer, "not the expected")
	check("", event.CauseServer, "not the expected")
	check(`{"text":"hi"}`, event.CauseServer, "not the expected")
	check(`{"ok":false,"error":"no_service"}`, event.CauseClient, "create another")
	check(`{"ok":false}`, event.CauseClient, "ok: false")
}

// TestMarkdownBlock lets a value try every mark that a line of Markdown knows.
func TestMarkdownBlock(t *testing.T) {
	t.Parallel()
	m := preview(t, `{ channel: "#sales", blocks: [{ type: markdown, text: "**By** ${{ meeting.meetingInfo.location }}" }] }`,
		place, "[pay](https://evil.example) ![x](y) a|b \\*\n# big\n- item\n+ item\n1. one\n---\n===\n    code\n> quote\n`x` *y* _z_ ~w~ <b>")
	want := "**By** ［pay］(https:|//evil.|example) !［x］(y) a｜b ＼∗\n|# big\n|- item\n|+ item\n|1. one\n|---\n|===\n|code\n› quote\nˋxˋ ∗y∗ ˍzˍ ∼w∼ &lt;b&gt;"
	if got := strings.ReplaceAll(at(t, m.Blocks[0], "text"), "\u2060", "|"); got != want {
		t.Errorf("sent %q, want %q (| is a word joiner)", got, want)
	}
}
