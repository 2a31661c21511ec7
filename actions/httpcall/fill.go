package httpcall

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"mime"
	"net/url"
	"strings"
)

// A text is rendered with its values between two marks, so that each value can
// then be escaped for its place. Marks inside a value are escaped with
// escapeMark, so that the value is sent unchanged.
const (
	openMark   = "\uFDD0"
	closeMark  = "\uFDD1"
	escapeMark = "\uFDD2"
)

func mark(v string) string {
	return openMark + strings.NewReplacer(openMark, escapeMark+"0", closeMark, escapeMark+"1", escapeMark, escapeMark+"2").Replace(v) + closeMark
}

// unmark removes the marks and restores those inside values.
func unmark(s string) string {
	return strings.NewReplacer(openMark, "", closeMark, "", escapeMark+"0", openMark, escapeMark+"1", closeMark, escapeMark+"2", escapeMark).Replace(s)
}

// eachPiece calls literal and value for the pieces of a marked text, in order.
func eachPiece(s string, literal func(string), value func(string) error) error {
	for {
		before, rest, found := strings.Cut(s, openMark)
		literal(before)
		if !found {
			return nil
		}
		v, after, _ := strings.Cut(rest, closeMark)
		if err := value(unmark(v)); err != nil {
			return err
		}
		s = after
	}
}

// fill escapes the values of a marked text for its content type: JSON, XML,
// HTML or a form. For any other type they are not escaped.
func fill(s, contentType string) (string, error) {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = strings.ToLower(contentType)
	}
	switch {
	case strings.Contains(media, "json"):
		return fillJSON(s)
	case strings.Contains(media, "xml"), media == "text/html":
		return fillMarkup(s)
	case media == "application/x-www-form-urlencoded":
		return fillForm(s)
	}
	return unmark(s), nil
}

func fillForm(s string) (string, error) {
	var b strings.Builder
	err := eachPiece(s, func(l string) { b.WriteString(l) }, func(v string) error {
		b.WriteString(url.QueryEscape(v))
		return nil
	})
	return b.String(), err
}

// fillJSON escapes a value inside quotes. A value without quotes stays if it is
// valid JSON, else it becomes a string.
func fillJSON(s string) (string, error) {
	var b strings.Builder
	quoted, escaped := false, false
	err := eachPiece(s, func(l string) {
		b.WriteString(l)
		for i := range len(l) {
			switch {
			case escaped:
				escaped = false
			case quoted && l[i] == '\\':
				escaped = true
			case l[i] == '"':
				quoted = !quoted
			}
		}
	}, func(v string) error {
		if escaped {
			return errors.New("a value is not allowed after a backslash")
		}
		if !quoted && json.Valid([]byte(v)) {
			b.WriteString(v)
			return nil
		}
		encoded, err := encodeJSON(v)
		if err != nil {
			return err
		}
		if quoted {
			encoded = encoded[1 : len(encoded)-1]
		}
		b.Write(encoded)
		return nil
	})
	return b.String(), err
}

// fillMarkup escapes a value between tags or inside the quotes of an
// attribute. In other places no escaping is safe, so that is an error.
func fillMarkup(s string) (string, error) {
	var b strings.Builder
	var m markup
	err := eachPiece(s, func(l string) {
		b.WriteString(l)
		m.read(l)
	}, func(v string) error {
		if m.until != "" || m.tag && m.quote == 0 {
			return errors.New("a value is allowed between tags and inside a quoted attribute, not in a tag, comment, CDATA, script or style")
		}
		return xml.EscapeText(&b, []byte(v))
	})
	return b.String(), err
}

// markup tracks the state at the end of a partial XML or HTML document.
type markup struct {
	until string // end of a comment, CDATA, script or style; else empty
	tag   bool   // inside a tag
	name  string // of that tag, with < in front
	quote byte   // of the attribute value that is open; else 0
}

func (m *markup) read(s string) {
	for i := 0; i < len(s); {
		rest := s[i:]
		switch {
		case m.until != "":
			if len(rest) >= len(m.until) && strings.EqualFold(rest[:len(m.until)], m.until) {
				i += len(m.until)
				m.tag, m.name = strings.HasPrefix(m.until, "</"), ""
				m.until = ""
				continue
			}
		case m.quote != 0:
			if s[i] == m.quote {
				m.quote = 0
			}
		case m.tag:
			m.inTag(s[i])
		case strings.HasPrefix(rest, "<!--"):
			m.until = "-->"
		case strings.HasPrefix(rest, "<![CDATA["):
			m.until = "]]>"
		case strings.HasPrefix(rest, "<?"):
			m.until = "?>"
		case s[i] == '<':
			m.tag, m.name = true, name(rest)
		}
		i++
	}
}

func (m *markup) inTag(c byte) {
	switch c {
	case '"', '\'':
		m.quote = c
	case '>':
		m.tag = false
		if m.name == "<script" || m.name == "<style" {
			m.until = "</" + m.name[1:]
		}
	}
}

func name(tag string) string {
	if end := strings.IndexAny(tag, " \t\r\n/>"); end > 0 {
		tag = tag[:end]
	}
	return strings.ToLower(tag)
}

// fillTree removes the marks from a rendered tree. In strings that are JSON
// themselves, such as a message in an envelope, it escapes the values.
func fillTree(node any) (any, error) {
	var err error
	switch n := node.(type) {
	case map[string]any:
		for k, v := range n {
			if n[k], err = fillTree(v); err != nil {
				return nil, err
			}
		}
	case []any:
		for i, v := range n {
			if n[i], err = fillTree(v); err != nil {
				return nil, err
			}
		}
	case string:
		if looksLikeJSON(n) {
			return fillJSON(n)
		}
		return unmark(n), nil
	}
	return node, nil
}

// looksLikeJSON reports whether a marked text is a JSON object or list,
// whatever its values are.
func looksLikeJSON(s string) bool {
	if trimmed := strings.TrimSpace(s); !strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") {
		return false
	}
	var b strings.Builder
	_ = eachPiece(s, func(l string) { b.WriteString(l) }, func(string) error {
		b.WriteByte('0')
		return nil
	})
	return json.Valid([]byte(b.String()))
}
