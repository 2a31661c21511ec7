package slack

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/actions/outbound"
)

// joiner is the word joiner U+2060. It is invisible and keeps Slack from
// recognizing a link, a mention or an emoji.
const joiner = "\u2060"

var address = regexp.MustCompile(`[A-Za-z0-9][A-Za-z0-9._%+'-]*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}`)

// Escape escapes a value from an event for mrkdwn, so that it looks the same
// but Slack shows it as plain text:
//
//   - & < > become entities, which disables <!channel>, <@U…> and <url|text>;
//   - the marks * _ ~ ` become look-alikes (∗ ˍ ∼ ˋ), because no invisible
//     character reliably stops them from pairing up; an underscore inside a
//     word has no effect and is kept;
//   - a > at the start of a line becomes ›, as the entity makes a quote too;
//   - @here, #channel, :emoji:, URLs and bare domains get a word joiner inside.
//     A plain email address is kept, because people copy it, and a link to an
//     address shows where it leads;
//   - control characters and marks that change text direction are removed.
func Escape(s string) string {
	s = replaceMarks(breakClosing(outbound.Visible(s)))
	s = breakLinks(s)
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func replaceMarks(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	before, lineStart := ' ', true
	for i, r := range s {
		after, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		out := r
		switch {
		case r == '*':
			out = '∗'
		case r == '~':
			out = '∼'
		case r == '`':
			out = 'ˋ'
		case r == '_' && !(isWord(before) && isWord(after)):
			out = 'ˍ'
		case r == '>' && lineStart:
			out = '›'
		}
		b.WriteRune(out)
		lineStart = r == '\n' || lineStart && unicode.IsSpace(r)
		before = r
	}
	return b.String()
}

func isWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
}

// breakLinks puts a joiner into everything that Slack might turn into a link,
// mention or emoji, except email addresses.
func breakLinks(s string) string {
	var b strings.Builder
	end := 0
	for _, at := range address.FindAllStringIndex(s, -1) {
		if !standsAlone(s, at) {
			continue
		}
		b.WriteString(breakPiece(s[end:at[0]]))
		b.WriteString(s[at[0]:at[1]])
		end = at[1]
	}
	b.WriteString(breakPiece(s[end:]))
	return b.String()
}

// standsAlone reports whether an address is a separate word, not part of a link
// such as https://user@evil.example/.
func standsAlone(s string, at []int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:at[0]])
	after, size := utf8.DecodeRuneInString(s[at[1]:])
	next, _ := utf8.DecodeRuneInString(s[min(at[1]+size, len(s)):])
	opens := at[0] == 0 || unicode.IsSpace(before) || strings.ContainsRune(`(<[,;"'`, before)
	closes := at[1] == len(s) || unicode.IsSpace(after) || strings.ContainsRune(`)>],;"'!?`, after) ||
		after == '.' && (next == utf8.RuneError || unicode.IsSpace(next))
	return opens && closes
}

func breakPiece(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 8)
	var before rune = utf8.RuneError
	for i, r := range s {
		b.WriteRune(r)
		rest := s[i+utf8.RuneLen(r):]
		after, _ := utf8.DecodeRuneInString(rest)
		switch r {
		case '.', '。', '．', '｡': // evil.example
			if isWord(before) && beginsDomain(rest) {
				b.WriteString(joiner)
			}
		case ':': // https://, mailto:x, :emoji:
			if after == '/' || isScheme(s[:i]) || opensEmoji(rest) {
				b.WriteString(joiner)
			}
		case '@': // @here
			if isWord(after) {
				b.WriteString(joiner)
			}
		case '#': // #channel, but not "room #12"
			if isWord(after) && !unicode.IsDigit(after) {
				b.WriteString(joiner)
			}
		}
		before = r
	}
	return b.String()
}

// beginsDomain reports whether s, the text after a dot, can start a domain
// label. It needs two characters, unlike "a.m.".
func beginsDomain(s string) bool {
	first, size := utf8.DecodeRuneInString(s)
	second, _ := utf8.DecodeRuneInString(s[size:])
	return unicode.IsLetter(first) && (unicode.IsLetter(second) || unicode.IsDigit(second) || second == '-')
}

// isScheme reports whether s ends with a URL scheme that needs no "//".
func isScheme(s string) bool {
	start := strings.LastIndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII || !isWord(r) }) + 1
	switch strings.ToLower(s[start:]) {
	case "mailto", "tel", "sms", "sip", "callto", "skype", "slack", "javascript", "data":
		return true
	}
	return false
}

// opensEmoji reports whether a colon before s can start an emoji, :name:. The
// author's text may continue with the closing colon, so a name at the end of s
// counts too if it has a letter; a time such as 02:00 does not.
func opensEmoji(s string) bool {
	end := strings.IndexFunc(s, notInEmoji)
	if end < 0 {
		return strings.ContainsFunc(s, unicode.IsLetter)
	}
	return end > 0 && s[end] == ':'
}

// breakClosing puts a joiner before a colon that could close an emoji opened by
// a colon in the author's text before the value.
func breakClosing(s string) string {
	if i := strings.IndexByte(s, ':'); i > 0 && closesEmoji(s[:i]) {
		return s[:i] + joiner + s[i:]
	}
	return s
}

// closesEmoji reports whether a colon after s, the start of a value, can close
// an emoji.
func closesEmoji(s string) bool {
	return !strings.ContainsFunc(s, notInEmoji) && strings.ContainsFunc(s, unicode.IsLetter)
}

// notInEmoji reports whether r cannot be in an emoji name, which has no capital
// letters.
func notInEmoji(r rune) bool {
	return unicode.IsUpper(r) || !isWord(r) && !strings.ContainsRune("+-'", r)
}
