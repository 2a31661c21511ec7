package slack

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
)

// How a value is escaped depends on its field, which is known only after the
// tree is rendered. So values are first put between two noncharacters, and
// escaped in a second pass.
const (
	openMark  = "\uFDD0"
	closeMark = "\uFDD1"
)

func mark(v string) string {
	return openMark + strings.NewReplacer(openMark, "", closeMark, "").Replace(v) + closeMark
}

// place is where a string is in the tree, and so what it means to Slack.
type place struct {
	// object is the "type" of the enclosing object; if it has none, as an option,
	// the field that the object is in.
	object string
	field  string
	// holder and slot are the object and field that contain this object.
	holder, slot string
	path         string // for people
}

// escaper escapes the marked values of a rendered tree for their places and
// shortens texts that are too long.
type escaper struct {
	// preview allows URLs with parts that are not known yet.
	preview bool
	// strike strikes the texts through.
	strike bool
	// notes say what was shortened.
	notes []string
}

func (st *escaper) escape(node any, at place) (any, error) {
	switch n := node.(type) {
	case map[string]any:
		kind, _ := n["type"].(string)
		if strings.Contains(kind, openMark) {
			return nil, event.Failf(event.CauseRefused, false, "the type of an object must not come from an event")
		}
		if kind == "" {
			kind = at.field
		}
		out := make(map[string]any, len(n))
		for _, k := range slices.Sorted(maps.Keys(n)) {
			v, path := n[k], at.path+"."+k
			if k == "text" && at.path != "" {
				if _, plain := v.(string); plain {
					path = at.path
				}
			}
			escaped, err := st.escape(v, place{object: kind, field: k, holder: at.object, slot: at.field, path: path})
			if err != nil {
				return nil, err
			}
			out[k] = escaped
		}
		return out, nil
	case []any:
		if most := at.most(); most > 0 && len(n) > most {
			st.note("%s had %d items; the first %d were kept", at.path, len(n), most)
			n = n[:most]
		}
		out := make([]any, len(n))
		for i, v := range n {
			item := at
			item.path = fmt.Sprintf("%s[%d]", at.path, i)
			escaped, err := st.escape(v, item)
			if err != nil {
				return nil, err
			}
			out[i] = escaped
		}
		return out, nil
	case string:
		return st.text(n, at)
	}
	return node, nil
}

func (st *escaper) text(s string, at place) (string, error) {
	switch {
	case at.field == "url" || strings.HasSuffix(at.field, "_url"):
		return st.url(s, at)
	case at.object == "mrkdwn" && at.field == "text":
		return st.struck(at, strikeText)(st.fit(s, at, Escape))
	case at.object == "plain_text" && at.field == "text":
		return st.fit(s, at, escapePlain)
	case at.object == "markdown" && at.field == "text":
		return st.struck(at, strikeMarkdown)(st.fit(s, at, escapeMarkdown))
	}
	return st.fit(s, at, outbound.Visible)
}

// url accepts a value as a whole URL or, then encoded, as a part of one. The
// result must be an http or https URL.
func (st *escaper) url(s string, at place) (string, error) {
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
		return "", event.Failf(event.CauseRefused, false, "%s is %q, which is not an http or https address", at.path, outbound.Excerpt([]byte(s), nil))
	}
	return st.fit(u.String(), at, outbound.Visible)
}

// escapePlain is for plain_text, in which Slack interprets only emoji.
func escapePlain(s string) string {
	s = breakClosing(outbound.Visible(s))
	var b strings.Builder
	for i, r := range s {
		b.WriteRune(r)
		if r == ':' && opensEmoji(s[i+1:]) {
			b.WriteString(joiner)
		}
	}
	return b.String()
}

// escapeMarkdown is for the markdown block, which also interprets [text](url)
// and marks or indentation at the start of a line.
func escapeMarkdown(s string) string {
	s = strings.NewReplacer("[", "［", "]", "］", "|", "｜", "\\", "＼").Replace(Escape(s))
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		trimmed := strings.TrimLeft(l, " \t")
		if trimmed != "" && (trimmed != l || strings.ContainsAny(trimmed[:1], "#-+=0123456789")) {
			lines[i] = joiner + trimmed
		}
	}
	return strings.Join(lines, "\n")
}

// escapeMarked escapes the marked parts of s and removes the marks.
func escapeMarked(s string, escape func(string) string) string {
	return strings.Join(pieces(s, escape), "")
}
