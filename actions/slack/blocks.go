package slack

import (
	"net/url"
	"strings"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
)

// How a value must be escaped depends on the field that it ends up in, which
// is known only after the tree is rendered. So values are first marked by two
// characters that no text can hold, and settled in a second walk.
const (
	openMark  = "\uFDD0"
	closeMark = "\uFDD1"
)

func mark(v string) string {
	return openMark + strings.NewReplacer(openMark, "", closeMark, "").Replace(v) + closeMark
}

// place says what a string in the tree means to Slack.
type place struct {
	object string // "type" of the object that holds it
	field  string
}

// settler escapes the marked values of a rendered tree, each for its place.
type settler struct {
	// preview lets a URL pass that is not known yet.
	preview bool
}

func (st settler) settle(node any, at place) (any, error) {
	switch n := node.(type) {
	case map[string]any:
		kind, _ := n["type"].(string)
		if strings.Contains(kind, openMark) {
			return nil, event.Failf(event.CauseRefused, false, "the type of an object must not come from an event")
		}
		out := make(map[string]any, len(n))
		for k, v := range n {
			settled, err := st.settle(v, place{object: kind, field: k})
			if err != nil {
				return nil, err
			}
			out[k] = settled
		}
		return out, nil
	case []any:
		out := make([]any, len(n))
		for i, v := range n {
			settled, err := st.settle(v, at)
			if err != nil {
				return nil, err
			}
			out[i] = settled
		}
		return out, nil
	case string:
		return st.text(n, at)
	}
	return node, nil
}

func (st settler) text(s string, at place) (string, error) {
	switch {
	case at.field == "url" || strings.HasSuffix(at.field, "_url"):
		return st.url(s, at.field)
	case at.object == "mrkdwn" && at.field == "text":
		return escapeMarked(s, Escape), nil
	case at.object == "plain_text" && at.field == "text":
		return escapeMarked(s, escapePlain), nil
	case at.object == "markdown" && at.field == "text":
		return escapeMarked(s, escapeMarkdown), nil
	}
	return escapeMarked(s, outbound.Visible), nil
}

// url lets a value be a whole URL, or a part of one that is then
// encoded. Either way the result must be an http or https address.
func (st settler) url(s, field string) (string, error) {
	if st.preview && strings.Contains(s, "⟨") {
		return escapeMarked(s, outbound.Visible), nil
	}
	if strings.HasPrefix(s, openMark) {
		s = escapeMarked(s, func(v string) string { return v })
	} else {
		s = escapeMarked(s, func(v string) string { return strings.ReplaceAll(url.QueryEscape(v), "+", "%20") })
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return "", event.Failf(event.CauseRefused, false, "%s is %q, which is not an http or https address", field, outbound.Excerpt([]byte(s), nil))
	}
	return u.String(), nil
}

// escapePlain serves plain_text, in which Slack knows nothing but emoji.
func escapePlain(s string) string {
	s = outbound.Visible(s)
	var b strings.Builder
	for i, r := range s {
		b.WriteRune(r)
		if r == ':' && (opensEmoji(s[i+1:]) || closesEmoji(s[:i])) {
			b.WriteString(joiner)
		}
	}
	return b.String()
}

// escapeMarkdown serves the markdown block, which also knows [text](url) and
// marks at the start of a line.
func escapeMarkdown(s string) string {
	s = strings.NewReplacer("[", "［", "]", "］", "|", "｜", "\\", "＼").Replace(Escape(s))
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if trimmed := strings.TrimLeft(l, " \t"); trimmed != "" && strings.ContainsAny(trimmed[:1], "#-+=0123456789") {
			lines[i] = joiner + trimmed
		}
	}
	return strings.Join(lines, "\n")
}

// escapeMarked passes the marked parts of s through escape and takes the marks
// away.
func escapeMarked(s string, escape func(string) string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, openMark)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		value, after, _ := strings.Cut(rest, closeMark)
		b.WriteString(escape(value))
		s = after
	}
}
