package slack

import (
	"regexp"
	"strings"
)

// struck returns a function that strikes a text of a place through, within its
// limit, if the message is.
func (st *escaper) struck(at place, how func(line string) string) func(string, error) (string, error) {
	return func(s string, err error) (string, error) {
		if !st.strike || err != nil || s == nothing {
			return s, err
		}
		limit, _ := at.longest()
		out := strikeLines(s, how)
		if limit == 0 {
			return out, nil
		}
		for room := limit; units(out) > limit && room > 0; {
			room -= max((units(out)-limit)/3, 1) // a character less may be three with its marks
			out = strikeLines(cut(s, room), how)
		}
		return out, nil
	}
}

// strikeLines strikes each line, because Slack ends a strike with its line. Code
// stays as it is.
func strikeLines(s string, how func(line string) string) string {
	const fence = "```"
	lines, inCode := strings.Split(s, "\n"), false
	for i, l := range lines {
		if n := strings.Count(l, fence); n > 0 || inCode {
			inCode = inCode != (n%2 == 1)
			continue
		}
		if strings.TrimSpace(l) != "" {
			lines[i] = how(l)
		}
	}
	return strings.Join(lines, "\n")
}

// lineStart is what must stay outside of a strike: indentation, quotes, headings
// and the marks of lists.
var lineStart = regexp.MustCompile(`^\s*(?:(?:>{1,3}|(?:&gt;){1,3}|#{1,6} |[-*+•◦▪] |\d{1,3}[.)] )\s*)*`)

// strikeText strikes a line of mrkdwn.
func strikeText(line string) string { return strikeLine(line, "~") }

// strikeMarkdown strikes a line of a markdown block.
func strikeMarkdown(line string) string {
	if strings.HasPrefix(line, "|") || strings.Trim(line, "-=* ") == "" {
		return line // a row of a table or a rule
	}
	return strikeLine(line, "~~")
}

func strikeLine(line, mark string) string {
	begin := lineStart.FindString(line)
	rest := strings.TrimSpace(withoutTildes(line[len(begin):]))
	if rest == "" {
		return line
	}
	return begin + mark + rest + mark
}

// withoutTildes removes strikes that are there already, but no ~ of a link.
func withoutTildes(s string) string {
	var b strings.Builder
	depth := 0
	for _, r := range s {
		switch r {
		case '<':
			depth++
		case '>':
			depth = max(depth-1, 0)
		case '~':
			if depth == 0 {
				continue
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}

// struckBlocks makes mrkdwn of plain texts in blocks that show text, because
// plain text cannot be struck through. The values are still marked.
func struckBlocks(list []any) []any {
	out := make([]any, len(list))
	for i, item := range list {
		block, ok := item.(map[string]any)
		if !ok {
			out[i] = item
			continue
		}
		switch block["type"] {
		case "header":
			header := map[string]any{"type": "section", "text": asMrkdwn(block["text"], "*")}
			if id, given := block["block_id"]; given {
				header["block_id"] = id
			}
			out[i] = header
		case "section":
			section := with(block, "text", asMrkdwn(block["text"], ""))
			if fields, ok := block["fields"].([]any); ok {
				section["fields"] = allMrkdwn(fields)
			}
			out[i] = section
		case "context":
			elements, _ := block["elements"].([]any)
			out[i] = with(block, "elements", allMrkdwn(elements))
		case "rich_text":
			out[i] = struckRich(block)
		default:
			out[i] = item
		}
	}
	return out
}

// with returns an object with another value of a field that it has.
func with(object map[string]any, field string, value any) map[string]any {
	out := make(map[string]any, len(object))
	for k, v := range object {
		out[k] = v
	}
	if _, has := object[field]; has {
		out[field] = value
	}
	return out
}

func allMrkdwn(list []any) []any {
	out := make([]any, len(list))
	for i, item := range list {
		out[i] = asMrkdwn(item, "")
	}
	return out
}

// asMrkdwn returns a text object as mrkdwn that looks the same, between marks.
func asMrkdwn(item any, mark string) any {
	object, _ := item.(map[string]any)
	text, isText := object["text"].(string)
	if object["type"] != "plain_text" || !isText {
		return item
	}
	literal := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	rest, out := text, ""
	for {
		before, after, found := strings.Cut(rest, openMark)
		out += literal.Replace(replaceMarks(before))
		if !found {
			break
		}
		value, next, _ := strings.Cut(after, closeMark)
		out, rest = out+openMark+value+closeMark, next
	}
	if strings.TrimSpace(out) == "" {
		mark = ""
	}
	return map[string]any{"type": "mrkdwn", "text": mark + out + mark}
}

// struckRich strikes the texts and links of a rich text.
func struckRich(node any) any {
	switch n := node.(type) {
	case []any:
		out := make([]any, len(n))
		for i, item := range n {
			out[i] = struckRich(item)
		}
		return out
	case map[string]any:
		if n["type"] == "rich_text_preformatted" {
			return n
		}
		out := with(n, "elements", struckRich(n["elements"]))
		if n["type"] == "text" || n["type"] == "link" {
			style, _ := n["style"].(map[string]any)
			struck := with(style, "", nil)
			struck["strike"] = true
			out["style"] = struck
		}
		return out
	}
	return node
}
