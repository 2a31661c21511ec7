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
// be made safe for the place it then stands in. A mark within a value is written
// with a third character meanwhile, so the value arrives as it is.
const (
	openMark   = "\uFDD0"
	closeMark  = "\uFDD1"
	escapeMark = "\uFDD2"
)

func mark(v string) string {
	return openMark + strings.NewReplacer(openMark, escapeMark+"0", closeMark, escapeMark+"1", escapeMark, escapeMark+"2").Replace(v) + closeMark
}

// unmark takes the marks out, and gives those of values back.
func unmark(s string) string {
	return strings.NewReplacer(openMark, "", closeMark, "", escapeMark+"0", openMark, escapeMark+"1", closeMark, escapeMark+"2", escapeMark).Replace(s)
}

// eachPiece goes over the literals and values of a marked text.
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

// fill makes the values of a marked text safe for its type: JSON, XML, HTML
// and forms. In any other they stay as they are.
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

// fillJSON escapes a value inside quotes; one that stands alone is one JSON
// value, or becomes a string.
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
// attribute. Elsewhere nothing can make it safe.
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

// markup knows where in a document of XML or HTML its end is.
type markup struct {
	until string // ends a part in which nothing is markup; empty outside of such
	tag   bool
	name  string // of the tag that is open, with < in front
	quote byte   // of the attribute's value inside a tag
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

// fillTree makes values safe in the texts of a rendered tree that are JSON
// themselves, such as a message in an envelope.
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

// looksLikeJSON reports whether what the author wrote around the values of a
// marked text is a JSON object or list.
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
