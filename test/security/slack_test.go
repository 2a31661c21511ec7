package security

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// slackActs lists what Slack acts on in mrkdwn text. An email address that
// stands alone is taken out before: it may stay one.
func slackActs() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"a control sequence":     regexp.MustCompile(`[<>]`),
		"a link":                 regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://`),
		"a link without slashes": regexp.MustCompile(`(?i)\b(mailto|tel|sms|sip|callto|skype|slack|javascript|data):[^\s\x{2060}]`),
		"a bare domain":          regexp.MustCompile(`[\pL\pN][.。．｡]\pL[\pL\pN-]`),
		"a mention":              regexp.MustCompile(`(?i)@(here|channel|everyone|U0)`),
		"a channel":              regexp.MustCompile(`#\pL`),
		"an emoji":               regexp.MustCompile(`:[\p{Ll}\p{Lo}\pN_+'-]+:`),
		"a mark":                 regexp.MustCompile("[*~`]|(^|[^\\pL\\pN_])_|_($|[^\\pL\\pN_])"),
		"a quote":                regexp.MustCompile(`(?m)^\s*&gt;`),
	}
}

var loneAddress = regexp.MustCompile(`(^|[\s(,;"'])[A-Za-z0-9][A-Za-z0-9._%+'-]*@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}($|[\s),;:"'!?&.])`)

func slackFaults(text string) []string {
	var faults []string
	rest := text
	for before := ""; before != rest; {
		before, rest = rest, loneAddress.ReplaceAllString(rest, "${1}x$2")
	}
	for name, act := range slackActs() {
		if found := act.FindString(rest); found != "" {
			faults = append(faults, name+" "+clip(found))
		}
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && hidden(r) }) {
		faults = append(faults, "a hidden character")
	}
	return faults
}

// words is what a person reads: entities decoded, look-alikes and joiners seen
// through.
func words(s string) string {
	return strings.NewReplacer("∗", "*", "ˍ", "_", "∼", "~", "ˋ", "`", "›", ">", "\u2060", "").Replace(s)
}

// orDash is what stands where Slack takes no empty text.
func orDash(s string) string {
	if strings.TrimSpace(s) == "" {
		return "–"
	}
	return s
}

func unslack(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

func (b *battlefield) slackSawWords(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range b.slack.Received() {
		if m.Channel != "#sales" {
			continue
		}
		parts := sections(m.Text)
		a, ok := b.byID[strings.TrimSpace(eventOf(m.Text))]
		seen[a.id] = true
		if len(a.text) > 5000 {
			continue // it was cut
		}
		if !ok || parts == nil {
			t.Errorf("the message has lost its shape: %s", clip(m.Text))
			continue
		}
		for _, f := range fields() {
			for _, fault := range slackFaults(parts[f.name]) {
				t.Errorf("%s: %s became %s in Slack: %s", where(a), f.name, fault, clip(parts[f.name]))
			}
			differ(t, a, f.name, words(unslack(parts[f.name])), words(readable(a.text)))
		}
		b.blocksAreText(t, a, m.Blocks)
	}
	for _, a := range b.attacks {
		reason := b.runs[a.id]["slack"].Reason
		// A URL that is cut leads elsewhere, so one that is too long is refused.
		if !seen[a.id] && !strings.Contains(reason, "characters; Slack allows 3000") {
			t.Errorf("%s: no message came (%s)", where(a), reason)
		}
	}
}

func eventOf(text string) string {
	_, rest, _ := strings.Cut(text, "§event§\n")
	id, _, _ := strings.Cut(rest, "\n")
	return id
}

// block is as much of a block as the rule writes.
type block struct {
	Type string `json:"type"`
	Text struct {
		Type string `json:"type"`
		Text string `json:"text"`
	} `json:"text"`
	Accessory struct {
		Type     string `json:"type"`
		ImageURL string `json:"image_url"`
		AltText  string `json:"alt_text"`
	} `json:"accessory"`
	Elements []struct {
		Type string `json:"type"`
		Text struct {
			Type string `json:"type"`
			Text string `json:"text"`
		} `json:"text"`
		URL   string `json:"url"`
		Value string `json:"value"`
	} `json:"elements"`
}

func (b *battlefield) blocksAreText(t *testing.T, a attack, raw json.RawMessage) {
	t.Helper()
	var blocks []block
	if err := json.Unmarshal(raw, &blocks); err != nil || len(blocks) != 3*len(fields()) {
		t.Errorf("%s: %d blocks, %v", where(a), len(blocks), err)
		return
	}
	for i := range fields() {
		section, header, buttons := blocks[3*i], blocks[3*i+1], blocks[3*i+2]
		if section.Type+header.Type+buttons.Type != "sectionheaderactions" || section.Text.Type != "mrkdwn" || header.Text.Type != "plain_text" {
			t.Errorf("%s: the blocks are of other types: %s", where(a), raw)
			return
		}
		for _, fault := range slackFaults(section.Text.Text) {
			t.Errorf("%s: in a block, %s: %s", where(a), fault, clip(section.Text.Text))
		}
		differ(t, a, "the section", words(unslack(section.Text.Text)), orDash(words(readable(a.text))))
		if emoji := slackActs()["an emoji"].FindString(header.Text.Text); emoji != "" {
			t.Errorf("%s: the header shows the emoji %s", where(a), emoji)
		}
		differ(t, a, "the header", words(header.Text.Text), orDash(words(readable(a.text))))
		differ(t, a, "the alt text", section.Accessory.AltText, orDash(readable(a.text)))
		link, err := url.Parse(buttons.Elements[0].URL)
		if err != nil || link.Host != "acme.example" || link.Path != "/find" || len(link.Query()) != 1 || link.Fragment != "" {
			t.Errorf("%s: the button leads to %s", where(a), clip(buttons.Elements[0].URL))
			continue
		}
		differ(t, a, "the query of the button", link.Query().Get("q"), strings.NewReplacer("\ufdd0", "", "\ufdd1", "").Replace(a.text))
		image, err := url.Parse(section.Accessory.ImageURL)
		if err != nil || image.Host != "acme.example" || !strings.HasPrefix(image.EscapedPath(), "/a/") || strings.Count(image.EscapedPath(), "/") != 2 {
			t.Errorf("%s: the image is %s", where(a), clip(section.Accessory.ImageURL))
		}
	}
}

// slackLinksAreAddresses looks at buttons whose whole address is a value: they
// are http or https, or the message was refused.
func (b *battlefield) slackLinksAreAddresses(t *testing.T) {
	count := 0
	for _, m := range b.slack.Received() {
		if m.Channel != "#link" {
			continue
		}
		count++
		var blocks []block
		if err := json.Unmarshal(m.Blocks, &blocks); err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(blocks[0].Elements[0].URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil ||
			strings.ContainsFunc(u.String(), unicode.IsControl) {
			t.Errorf("event %s: a button leads to %s", m.Text, clip(blocks[0].Elements[0].URL))
		}
	}
	if count == 0 {
		t.Error("not even a harmless address came through")
	}
}
