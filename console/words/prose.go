package words

import (
	"regexp"
	"strings"
	"time"
)

// Piece is a part of a text: words, a time, or the id of an event, a run or a
// meeting.
type Piece struct {
	Text string
	At   time.Time // zero for words and ids
	Kind string    // of an id: event, run or meeting; Text is the id
}

// named finds the ids in a text. A word without a digit is no id.
var named = regexp.MustCompile(`\b(event|run|meeting) ([0-9A-Za-z][0-9A-Za-z._/-]{2,127})`)

// withIDs splits words at the ids in them.
func withIDs(words string) []Piece {
	var list []Piece
	from := 0
	for _, at := range named.FindAllStringSubmatchIndex(words, -1) {
		id := strings.TrimRight(words[at[4]:at[5]], "./-_")
		if !strings.ContainsAny(id, "0123456789") || len(id) < 3 {
			continue
		}
		list = append(list, Piece{Text: words[from:at[4]]}, Piece{Text: id, Kind: words[at[2]:at[3]]})
		from = at[4] + len(id)
	}
	return append(list, Piece{Text: words[from:]})
}

// stampLayout is the layout of times in reasons; " UTC" follows.
const stampLayout = time.DateTime

// Pieces splits a text at the times and ids in it, so that a page can show the
// times in the reader's time zone and lead to what the ids name.
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
				list = append(append(list, withIDs(text[words:from])...), Piece{At: t})
				words = end + len(mark)
			}
		}
		end += len(mark)
	}
	return append(list, withIDs(text[words:])...)
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
