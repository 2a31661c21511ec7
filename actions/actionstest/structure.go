package actionstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// The functions below parse as the destinations do. They do not know how Gavel
// escapes.

// Unseen lists the invisible control characters in a text.
func Unseen(s string) []string {
	var out []string
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			out = append(out, fmt.Sprintf("unseen %U", r))
		}
	}
	if !utf8.ValidString(s) {
		out = append(out, "not UTF-8")
	}
	return out
}

// OneLine is Unseen plus the line breaks, for a text that must have none.
func OneLine(s string) []string {
	out := Unseen(s)
	for range strings.Count(s, "\n") {
		out = append(out, "line break")
	}
	return out
}

var (
	control  = regexp.MustCompile(`<([^<>\s]?)[^<>]*>`)
	mail     = regexp.MustCompile(`(^|[\s(\[<,;"'])[\w.+-]+@[\w-]+(\.[\w-]+)+`)
	autolink = regexp.MustCompile(`(?i)\b(?:https?://|mailto:|tel:)\w|[\w-]+\.[a-z]{2,}\b`)
	mention  = regexp.MustCompile(`(?:^|\W)[@#][A-Za-z]`)
	emoji    = regexp.MustCompile(`:[a-z0-9_+'-]*[a-z][a-z0-9_+'-]*:`)
	marks    = regexp.MustCompile("(?m)\\*[^*\n]+\\*|~[^~\n]+~|`[^`]+`|(?:^|\\W)_[^_\n]+_(?:\\W|$)")
	quote    = regexp.MustCompile(`(?m)^\s*>`)
	mdLine   = regexp.MustCompile(`(?m)^(?:[ \t]*(?:[#+=-]|\d+[.)])|    |\t)`)
	mdLink   = regexp.MustCompile(`\[[^\]]*\]\(|\]\(|\\.`)
)

// Mrkdwn is the structure of a Slack text: its links, mentions and formatting.
func Mrkdwn(s string) []string {
	out := Unseen(s)
	for _, m := range control.FindAllStringSubmatch(s, -1) {
		out = append(out, "control "+m[1])
	}
	plain := control.ReplaceAllString(s, " ")
	plain = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(plain)
	for name, found := range map[string]*regexp.Regexp{"mark": marks, "quote": quote, "emoji": emoji} {
		for range found.FindAllString(plain, -1) {
			out = append(out, name)
		}
	}
	plain = mail.ReplaceAllString(plain, "$1")
	for name, found := range map[string]*regexp.Regexp{"link": autolink, "mention": mention} {
		for range found.FindAllString(plain, -1) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Markdown is the structure of a Slack markdown block.
func Markdown(s string) []string {
	out := Mrkdwn(s)
	for name, found := range map[string]*regexp.Regexp{"line": mdLine, "bracket": mdLink} {
		for range found.FindAllString(s, -1) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Page is the structure of HTML: its tags and their attributes.
func Page(s string) []string {
	out := Unseen(s)
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		kind := z.Next()
		switch kind {
		case html.ErrorToken:
			if err := z.Err(); !errors.Is(err, io.EOF) {
				out = append(out, err.Error())
			}
			return out
		case html.TextToken:
			continue
		}
		tag := z.Token()
		out = append(out, kind.String()+" "+tag.Data)
		for _, a := range tag.Attr {
			out = append(out, "attribute "+a.Key)
		}
	}
}

// Shape is the structure of JSON: its keys and the types of its values. leaf
// adds the structure of each string.
func Shape(raw []byte, leaf func(path, text string) []string) ([]string, error) {
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	return shape(tree, "", leaf), nil
}

func shape(node any, path string, leaf func(path, text string) []string) []string {
	var out []string
	switch n := node.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(n)) {
			out = append(out, shape(n[k], path+"."+k, leaf)...)
		}
		return append(out, path+" object")
	case []any:
		for i, item := range n {
			out = append(out, shape(item, fmt.Sprintf("%s[%d]", path, i), leaf)...)
		}
		return append(out, path+" list")
	case string:
		out = append(out, path+" text")
		for _, l := range leaf(path, n) {
			out = append(out, path+" "+l)
		}
		return out
	}
	return append(out, fmt.Sprintf("%s %T", path, node))
}

// Address is the structure of a URL: all but the text in its path and query.
func Address(raw string) ([]string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	out := []string{u.Scheme, u.Host, u.User.String(), fmt.Sprint(strings.Count(u.EscapedPath(), "/")), fmt.Sprint(u.Fragment != "")}
	for _, segment := range strings.Split(u.EscapedPath(), "/") {
		if plain, err := url.PathUnescape(segment); err != nil || plain == "." || plain == ".." {
			out = append(out, "dots")
		}
	}
	query, err := url.ParseQuery(u.RawQuery)
	for _, k := range slices.Sorted(maps.Keys(query)) {
		out = append(out, fmt.Sprintf("%s %d", k, len(query[k])))
	}
	return out, err
}
