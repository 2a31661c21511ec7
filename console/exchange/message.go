package exchange

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/gavel-rules/gavel/console/words"
)

// Message is a Slack message as its reader knows it, without pictures.
type Message struct {
	Lines  []Pair // channel and so on
	Text   string
	Blocks []Block
	Link   string // to the message in Slack, if it is kept up to date
}

// Block is one block of a message.
type Block struct {
	Kind    string // header, section, context, actions, divider, image or other
	Text    string
	Fields  []string
	Buttons []string
}

func messageOf(raw json.RawMessage) *Message {
	var got struct {
		Channel  string          `json:"channel"`
		Text     json.RawMessage `json:"text"`
		Blocks   json.RawMessage `json:"blocks"`
		ThreadTS string          `json:"thread_ts"`
		Username string          `json:"username"`
		Living   any             `json:"living"`
	}
	if json.Unmarshal(raw, &got) != nil || len(got.Text)+len(got.Blocks) == 0 {
		return nil
	}
	m := &Message{}
	for _, line := range []Pair{{"Channel", got.Channel}, {"Thread", got.ThreadTS}, {"As", got.Username}} {
		if line.Value != "" {
			m.Lines = append(m.Lines, line)
		}
	}
	switch got.Living {
	case true:
		m.Lines = append(m.Lines, Pair{"Living", "one message, kept up to date"})
	case "thread":
		m.Lines = append(m.Lines, Pair{"Living", "one message, with replies in its thread"})
	}
	text, _ := textOf(got.Text)
	m.Text = readable(text)
	var blocks []json.RawMessage
	if json.Unmarshal(got.Blocks, &blocks) != nil && len(got.Blocks) > 0 {
		cut, _ := textOf(got.Blocks)
		m.Blocks = []Block{{Kind: "other", Text: cut}}
	}
	for _, b := range blocks {
		m.Blocks = append(m.Blocks, blockOf(b))
	}
	return m
}

// element is a part of a block: a text, a button or a picture.
type element struct {
	Type     string          `json:"type"`
	Text     json.RawMessage `json:"text"` // a text, or an object with one
	AltText  string          `json:"alt_text"`
	Title    json.RawMessage `json:"title"`
	URL      string          `json:"url"`
	Fields   []element       `json:"fields"`
	Elements []element       `json:"elements"`
	// Accessory stands beside a section.
	Accessory *element `json:"accessory"`
}

func blockOf(raw json.RawMessage) Block {
	var e element
	if json.Unmarshal(raw, &e) != nil {
		return Block{Kind: "other", Text: words.Pretty(raw)}
	}
	b := Block{Kind: e.Type, Text: e.words()}
	for _, f := range e.Fields {
		b.Fields = append(b.Fields, f.words())
	}
	if e.Accessory != nil {
		e.Elements = append(e.Elements, *e.Accessory)
	}
	switch e.Type {
	case "header", "section", "divider":
	case "image":
		b.Text = "Picture: " + b.Text
	case "context":
		var parts []string
		for _, part := range e.Elements {
			parts = append(parts, part.words())
		}
		b.Text, e.Elements = strings.Join(parts, " · "), nil
	case "actions":
	default:
		return Block{Kind: "other", Text: words.Pretty(raw)}
	}
	for _, part := range e.Elements {
		label := part.words()
		if part.URL != "" {
			label += " (" + words.Visible(part.URL) + ")"
		}
		b.Buttons = append(b.Buttons, label)
	}
	return b
}

// words returns the text of an element.
func (e element) words() string {
	for _, raw := range []json.RawMessage{e.Text, e.Title} {
		var text string
		if json.Unmarshal(raw, &text) == nil && text != "" {
			return readable(text)
		}
		var inner struct {
			Text string `json:"text"`
		}
		if json.Unmarshal(raw, &inner) == nil && inner.Text != "" {
			return readable(inner.Text)
		}
	}
	return words.Visible(e.AltText)
}

// readable writes Slack's links as text and takes back its escapes.
func readable(text string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "<")
		inside, after, closed := strings.Cut(rest, ">")
		if !found || !closed {
			break
		}
		out.WriteString(before)
		target, label, labeled := strings.Cut(inside, "|")
		switch {
		case strings.HasPrefix(target, "!"):
			out.WriteString("@" + target[1:])
		case labeled:
			out.WriteString(label + " (" + target + ")")
		default:
			out.WriteString(target)
		}
		text = after
	}
	out.WriteString(text)
	return words.Visible(strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(out.String()))
}

// placed says what was done with a living message and where it is.
func (m *Message) placed(response json.RawMessage) {
	var got struct {
		Channel string `json:"channel"`
		TS      string `json:"ts"`
		Did     string `json:"did"`
	}
	if json.Unmarshal(response, &got) != nil || got.Did == "" {
		return
	}
	m.Lines = append(m.Lines, Pair{"Done", got.Did})
	if digits := strings.ReplaceAll(got.TS, ".", ""); isID.MatchString(got.Channel) && isTS.MatchString(digits) {
		m.Link = "https://slack.com/archives/" + got.Channel + "/p" + digits
	}
}

var (
	isID = regexp.MustCompile(`^[A-Z0-9]{1,20}$`)
	isTS = regexp.MustCompile(`^[0-9]{1,20}$`)
)
