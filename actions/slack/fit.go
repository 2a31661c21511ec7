package slack

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/gavel-rules/gavel/event"
)

// Slack rejects a whole message if one of its texts is too long or empty, or a
// list too long. So each is shortened after escaping, with a note.

// nothing replaces an empty text where Slack requires one.
const nothing = "–"

// longest is how many characters Slack allows at a place; 0 if no limit is
// known. Strict means that a shortened text would mean something else.
func (at place) longest() (limit int, strict bool) {
	if at.field == "url" || strings.HasSuffix(at.field, "_url") {
		return 3000, true
	}
	switch at.object {
	case "mrkdwn", "plain_text":
		if at.field == "text" {
			return at.longestText(), false
		}
	case "markdown":
		if at.field == "text" {
			return 12_000, false
		}
	}
	switch at.object + "." + at.field {
	case "text.text":
		return longestText, false
	case "image.alt_text", "video.alt_text":
		return 2000, false
	case "video.author_name":
		return 50, false
	case "button.accessibility_label":
		return 75, false
	case "button.value":
		return 2000, true
	case "options.value":
		return 150, true
	}
	if at.field == "block_id" || at.field == "action_id" {
		return 255, true
	}
	return 0, false
}

// longestText is the limit of a text object by what contains it.
func (at place) longestText() int {
	if at.slot == "placeholder" {
		return 150
	}
	switch at.holder + "." + at.slot {
	case "header.text":
		return 150
	case "section.fields", "image.title", "input.label", "input.hint":
		return 2000
	case "button.text", "workflow_button.text", "options.text", "options.description", "option_groups.label":
		return 75
	case "video.title", "video.description":
		return 200
	case "confirm.title":
		return 100
	case "confirm.text":
		return 300
	case "confirm.confirm", "confirm.deny":
		return 30
	}
	return 3000
}

// most is how many items Slack allows in a list; 0 if no limit is known.
func (at place) most() int {
	switch at.object + "." + at.field {
	case ".blocks":
		return mostBlocks
	case "section.fields", "context.elements", "checkboxes.options", "radio_buttons.options":
		return 10
	case "actions.elements":
		return 25
	case "context_actions.elements", "overflow.options":
		return 5
	}
	if at.field == "options" || at.field == "option_groups" {
		return 100
	}
	return 0
}

// needed reports whether Slack rejects an empty text at a place.
func (at place) needed() bool {
	switch at.object {
	case "mrkdwn", "plain_text", "markdown":
		return at.field == "text"
	}
	return at.field == "alt_text"
}

// withoutEmptyMentions removes mentions whose id is empty, as in <@${{ x }}>
// with an absent x, which Slack would show as they are.
func (st *escaper) withoutEmptyMentions(s string, at place) string {
	if !strings.Contains(s, "<") {
		return s
	}
	for _, begin := range []string{"<@", "<#", "<!subteam^"} {
		for _, empty := range []string{begin + openMark + closeMark + ">", begin + ">"} {
			if strings.Contains(s, empty) {
				s = strings.ReplaceAll(s, empty, "")
				st.note("%s mentions somebody whose id is empty for this event; the mention was left out", at.path)
			}
		}
	}
	return s
}

// fit escapes the marked values of a text and shortens it to the limit of its
// place. Values are shortened first, starting with the longest, so that the
// author's text, links and marks are kept.
func (st *escaper) fit(s string, at place, escape func(string) string) (string, error) {
	limit, strict := at.longest()
	s = st.withoutEmptyMentions(s, at)
	pieces := pieces(s, escape)
	out := strings.Join(pieces, "")
	if at.needed() && strings.TrimSpace(out) == "" {
		st.note("%s is empty for this event; %s is used instead", at.path, nothing)
		return nothing, nil
	}
	size := units(out)
	if limit == 0 || size <= limit {
		return out, nil
	}
	if strict {
		return "", event.Failf(event.CauseRefused, false, "%s has %d characters; Slack allows %d", at.path, size, limit)
	}
	for over := size - limit; over > 0; over = units(strings.Join(pieces, "")) - limit {
		i := longestValue(pieces)
		have := 0
		if i >= 0 {
			have = units(pieces[i])
		}
		if have <= 1 {
			break
		}
		pieces[i] = cut(pieces[i], max(have-over, 1))
	}
	out = cut(strings.Join(pieces, ""), limit)
	st.note("%s had %d characters and was cut to %d", at.path, size, limit)
	return out, nil
}

// message escapes and shortens the text of a message.
func (st *escaper) message(s string) string {
	const whole = "text"
	at := place{object: whole, field: whole, path: whole}
	out, _ := st.struck(at, strikeText)(st.fit(s, at, Escape)) // not strict, so no error
	return out
}

// pieces splits a marked text: literals at even indexes, escaped values at odd
// ones.
func pieces(s string, escape func(string) string) []string {
	var out []string
	for {
		before, rest, found := strings.Cut(s, openMark)
		out = append(out, before)
		if !found {
			return out
		}
		value, after, _ := strings.Cut(rest, closeMark)
		out = append(out, escape(value))
		s = after
	}
}

func longestValue(pieces []string) int {
	best := -1
	for i := 1; i < len(pieces); i += 2 {
		if best < 0 || len(pieces[i]) > len(pieces[best]) {
			best = i
		}
	}
	return best
}

// units counts characters in UTF-16, the strictest way to count.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

// cut shortens a text to a limit, in units, without splitting an entity.
func cut(s string, limit int) string {
	if units(s) <= limit {
		return s
	}
	end, n := 0, 0
	for i, r := range s {
		if n += max(utf16.RuneLen(r), 1); n > limit-1 {
			break
		}
		end = i + len(string(r))
	}
	s = s[:end]
	if i := strings.LastIndexByte(s, '&'); i >= 0 && i > len(s)-6 && !strings.Contains(s[i:], ";") {
		s = s[:i]
	}
	return s + "…"
}

func (st *escaper) note(format string, args ...any) {
	const most = 20
	if len(st.notes) < most {
		st.notes = append(st.notes, fmt.Sprintf(format, args...))
	}
}
