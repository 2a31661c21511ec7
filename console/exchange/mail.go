package exchange

import (
	"encoding/json"
	"strings"

	"github.com/gavel-rules/gavel/console/words"
	"github.com/gavel-rules/gavel/event"
)

// Mail is a mail as its reader knows it.
type Mail struct {
	Lines []Pair // From, To and so on, in their usual order
	Text  string
	HTML  string // never part of a page: see the frame of its own
	Note  string // what is missing
}

func mailOf(raw json.RawMessage) *Mail {
	var got struct {
		From    string            `json:"from"`
		To      []string          `json:"to"`
		CC      []string          `json:"cc"`
		BCC     []string          `json:"bcc"`
		ReplyTo string            `json:"reply_to"`
		Subject string            `json:"subject"`
		Text    json.RawMessage   `json:"text"`
		HTML    json.RawMessage   `json:"html"`
		Headers map[string]string `json:"headers"`
		Files   json.RawMessage   `json:"attachments"`
	}
	if json.Unmarshal(raw, &got) != nil || got.From == "" {
		return nil
	}
	m := &Mail{}
	for _, line := range []Pair{
		{"From", got.From},
		{"To", strings.Join(got.To, ", ")},
		{"Cc", strings.Join(got.CC, ", ")},
		{"Bcc", strings.Join(got.BCC, ", ")},
		{"Reply-To", got.ReplyTo},
		{"Subject", got.Subject},
		{"Attached", filesOf(got.Files)},
	} {
		if line.Value != "" {
			m.Lines = append(m.Lines, line)
		}
	}
	headers, _ := json.Marshal(got.Headers) // texts can always be encoded
	m.Lines = append(m.Lines, pairsOf(headers)...)
	var textSize, htmlSize int
	m.Text, textSize = textOf(got.Text)
	m.HTML, htmlSize = htmlOf(got.HTML)
	if size := max(textSize, htmlSize); size > 0 {
		m.Note = "Of a part with " + words.Number(size) + " bytes, only the beginning is kept."
	}
	return m
}

// filesOf names the attached files.
func filesOf(raw json.RawMessage) string {
	if cut := event.CutOf(raw); cut != nil {
		return "files of together " + words.Number(cut.Bytes) + " bytes"
	}
	var files []struct {
		Name string `json:"name"`
	}
	_ = json.Unmarshal(raw, &files) // none if it cannot be read
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}

func htmlOf(raw json.RawMessage) (html string, size int) {
	if cut := event.CutOf(raw); cut != nil {
		return cut.Clipped, cut.Bytes
	}
	_ = json.Unmarshal(raw, &html) // empty if there is none
	return html, 0
}
