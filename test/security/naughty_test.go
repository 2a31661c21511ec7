package security

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode"
)

// attack is one text that a stranger types into the booking form.
type attack struct {
	id    string // of the event that carries it
	group string
	text  string
}

// attacks reads testdata/naughty.txt and adds what is too long for a file.
func attacks(t *testing.T) []attack {
	t.Helper()
	f, err := os.Open("testdata/naughty.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []attack
	group := ""
	add := func(text string) {
		list = append(list, attack{id: fmt.Sprintf("case-%03d", len(list)+1), group: group, text: text})
	}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "#"):
			group = strings.TrimSpace(line[1:])
		case line != "":
			var text string
			if err := json.Unmarshal([]byte(line), &text); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			add(text)
		}
	}
	group = "long"
	for _, piece := range []string{"A", "<!channel>", "*", "a.b", ":x:", "<b>", "\"", "\u0301", "@here ", "\n", "a@b.example,"} {
		add(strings.Repeat(piece, 3000))
	}
	if len(list) < 200 {
		t.Fatalf("only %d attacks", len(list))
	}
	return list
}

// field is a place of the event that strangers write.
type field struct {
	name string
	expr string // as rules read it
	path string // as sample.Set knows it
}

func fields() []field {
	return []field{
		{"name", "meeting.meetingInfo.primaryInviteeName", "meeting.meetingInfo.primaryInviteeName"},
		{"email", "meeting.meetingInfo.primaryInvitee", "meeting.meetingInfo.primaryInvitee"},
		{"title", "meeting.meetingInfo.meetingName", "meeting.meetingInfo.meetingName"},
		{"place", "meeting.meetingInfo.location", "meeting.meetingInfo.location"},
		{"answer", `answer("Company size")`, "meeting.meetingInfo.formValues.1.answerText"},
	}
}

// readable is what of a text can reach a reader: the words, without characters
// that a program would act on.
func readable(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\u2028' || r == '\u2029':
			return '\n'
		case hidden(r):
			return -1
		}
		return r
	}, s)
}

// oneLine is readable on one line.
func oneLine(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\n", " ", "\t", " ").Replace(readable(s)))
}

// hidden reports whether a terminal, a log or a chat would act on r.
func hidden(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 ||
		r >= 0xfdd0 && r <= 0xfdef || r&0xfffe == 0xfffe
}

// clip keeps a message about a long text short.
func clip(s string) string {
	if len(s) > 300 {
		return fmt.Sprintf("%q… (%d bytes)", s[:300], len(s))
	}
	return fmt.Sprintf("%q", s)
}
