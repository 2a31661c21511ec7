package words

import (
	"strings"
	"time"
)

// Piece is a part of a text: words, or a time.
type Piece struct {
	Text string
	At   time.Time // zero for words
}

// stampLayout is the layout of times in reasons; " UTC" follows.
const stampLayout = time.DateTime

// Pieces splits a text at the times in it, so that a page can show them in the
// reader's time zone.
func Pieces(text string) []Piece {
	const mark = " UTC"
	var list []Piece
	words := 0 // where the words after the last time begin
	for end := 0; ; {
		i := strings.Index(text[end:], mark)
		if i < 0 {
			break
		}
		end += i
		if from := end - len(stampLayout); from >= words {
			if t, err := time.Parse(stampLayout, text[from:end]); err == nil {
				list = append(list, Piece{Text: text[words:from]}, Piece{At: t})
				words = end + len(mark)
			}
		}
		end += len(mark)
	}
	return append(list, Piece{Text: text[words:]})
}

// Visible is visible, for texts that are no JSON.
func Visible(text string) string { return visible(strings.ToValidUTF8(text, "\uFFFD")) }

// visible escapes the characters that change the direction of text, because
// they could make a payload read as something else.
func visible(json string) string {
	return strings.NewReplacer(
		"\u061c", `\u061c`, "\u200e", `\u200e`, "\u200f", `\u200f`,
		"\u202a", `\u202a`, "\u202b", `\u202b`, "\u202c", `\u202c`, "\u202d", `\u202d`, "\u202e", `\u202e`,
		"\u2066", `\u2066`, "\u2067", `\u2067`, "\u2068", `\u2068`, "\u2069", `\u2069`,
	).Replace(json)
}

// TraceID returns the trace id of a W3C traceparent; empty when there is none.
func TraceID(traceparent string) string {
	parts := strings.Split(traceparent, "-")
	if len(parts) != 4 || len(parts[1]) != 32 {
		return ""
	}
	return parts[1]
}
