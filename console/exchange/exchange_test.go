package exchange_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/console/exchange"
	"github.com/gavel-rules/gavel/event"
)

func of(kind, request, response string) *exchange.Exchange {
	return exchange.Of(&event.Attempt{Kind: kind, Request: json.RawMessage(request), Response: json.RawMessage(response)})
}

func TestSlackMessagesAreRead(t *testing.T) {
	t.Parallel()
	x := of("slack", `{"channel":"#sales","text":"&lt;b&gt; <https://a.example|here> <!here>","blocks":[
		{"type":"header","text":{"type":"plain_text","text":"Booked"}},
		{"type":"section","text":{"type":"mrkdwn","text":"*Hi*"},"fields":[{"type":"mrkdwn","text":"one"}],"accessory":{"type":"button","text":{"type":"plain_text","text":"Open"},"url":"https://crm.example"}},
		{"type":"divider"},
		{"type":"image","image_url":"https://evil.example/pixel","alt_text":"a chart"},
		{"type":"context","elements":[{"type":"mrkdwn","text":"a"},{"type":"mrkdwn","text":"b"}]},
		{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"No"}}]},
		{"type":"new","x":1}, 7]}`, `{"ts":"1.2","channel":"C1","exchange":{"idempotency_key":"k","first_byte_ms":3,"took_ms":1234}}`)
	want := &exchange.Message{
		Lines: []exchange.Pair{{Name: "Channel", Value: "#sales"}}, Text: "<b> here (https://a.example) @here",
		Blocks: []exchange.Block{
			{Kind: "header", Text: "Booked"},
			{Kind: "section", Text: "*Hi*", Fields: []string{"one"}, Buttons: []string{"Open (https://crm.example)"}},
			{Kind: "divider"},
			{Kind: "image", Text: "Picture: a chart"},
			{Kind: "context", Text: "a · b"},
			{Kind: "actions", Buttons: []string{"No"}},
			{Kind: "other", Text: "{\n  \"type\": \"new\",\n  \"x\": 1\n}"},
			{Kind: "other", Text: "7"},
		},
	}
	if diff := cmp.Diff(want, x.Message); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	if x.Key != "k" || x.Reply.Times != "1.2 s, first byte after 3.0 ms" || strings.Contains(x.Reply.Body, "exchange") {
		t.Errorf("reply: %+v", x.Reply)
	}
}

// TestLivingMessagesAreFound: the message says what was done with it, and where
// it is.
func TestLivingMessagesAreFound(t *testing.T) {
	t.Parallel()
	check := func(living, response, lines, link string) {
		t.Helper()
		m := of("slack", `{"channel":"#sales","text":"hi"`+living+`}`, response).Message
		var got []string
		for _, l := range m.Lines[1:] {
			got = append(got, l.Name+" "+l.Value)
		}
		if strings.Join(got, "; ") != lines || m.Link != link {
			t.Errorf("%s: %q and %q, want %q and %q", response, got, m.Link, lines, link)
		}
	}
	check(`,"living":true`, `{"ts":"17.02","channel":"C1","did":"updated"}`, "Living one message, kept up to date; Done updated", "https://slack.com/archives/C1/p1702")
	check(`,"living":"thread"`, `{"ts":"17.02","channel":"C1/../x","did":"replied"}`, "Living one message, with replies in its thread; Done replied", "")
	check(`,"living":true`, "", "Living one message, kept up to date", "")
	check("", `{"ts":"17.02","channel":"C1"}`, "", "")
}

// TestOddHistories are those of earlier builds, hidden ones and cut ones.
func TestOddHistories(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"http", "slack", "email", "log"} {
		for _, raw := range []string{`"[redacted]"`, `{"clipped":"{\"method\":\"PO…","bytes":70000}`, `{"hidden":"it contains private event fields"}`, `{"broken`} {
			if x := of(kind, raw, ""); x == nil || x.Request == "" || x.Reply != nil {
				t.Errorf("%s %s: %+v", kind, raw, x)
			}
		}
	}
	if x := of("wait", "", ""); x != nil {
		t.Errorf("a wait: %+v", x)
	}
	x := of("http", `{"method":"POST","url":"https://a.example","body":{"clipped":"abc…","bytes":70000}}`, `{"status":422,"body":{"clipped":"abc…","bytes":9000}}`)
	if x.Call.Body != "abc…" || !strings.Contains(x.Call.Curl, `--data-raw "$BODY"`) || x.Reply.Note != "The beginning of 9,000 bytes." {
		t.Errorf("a long request: %+v %+v", x.Call, x.Reply)
	}
}

// TestQuotedTextIsOneWord of a real shell, and the same text.
func TestQuotedTextIsOneWord(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "'", "''a'", `"$(id)"`, "`id`", "a\nb\n", "\x1b[201~\x03\t\r", "\u202etxt", `\n %s`, "-n", "*", "~", "é\u0085"} {
		quoted := exchange.Quote(text, "HIDDEN")
		out, err := exec.CommandContext(t.Context(), "sh", "-c", `printf '%s' `+quoted).Output()
		if err != nil || string(out) != text {
			t.Errorf("%q is quoted as %s, which is %q (%v)", text, quoted, out, err)
		}
		if strings.ContainsAny(quoted, "\x1b\x03\t\r") || strings.Contains(quoted, "\u202e") {
			t.Errorf("%q is quoted with a character that a terminal acts on: %q", text, quoted)
		}
	}
	if got := exchange.Quote("Bearer [redacted]", "AUTHORIZATION"); got != `'Bearer '"$AUTHORIZATION"` {
		t.Errorf("a secret: %s", got)
	}
}
