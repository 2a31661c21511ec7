package privacy

import (
	"bytes"
	"html"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// span is a part of a text, in bytes.
type span struct{ from, to int }

// view is a text with an escaping removed.
type view struct {
	text []byte
	// origin of each byte in the original text; nil if text is the original.
	origin []span
}

func (v view) place(from, to int) span {
	if v.origin == nil {
		return span{from, to}
	}
	return span{v.origin[from].from, v.origin[to-1].to}
}

// seeker searches for values in a text and in all that it may decode to.
type seeker struct {
	finder *finder
	found  []span
	// Buffers for base64, reused.
	digits, inside []byte
	places         []int
}

// readers each remove one escaping.
func readers() [][]reader {
	return [][]reader{{readJSON}, {readPercent}, {readPercent, readPlus}, {readHTML}}
}

// deepest is how many nested escapings are removed.
const deepest = 4

func (s *seeker) spans(text string) []span {
	plain := view{text: []byte(text)}
	s.look(plain, 0)
	s.base64(plain)
	if !strings.ContainsAny(text, escapes) {
		return s.found
	}
	for _, r := range readers() {
		one := unescape(plain, r...)
		if one.origin == nil {
			continue
		}
		s.look(one, 0)
		for _, r := range readers() {
			if two := unescape(one, r...); len(two.text) < len(one.text) {
				s.look(two, 0)
			}
		}
	}
	// Text that was escaped more than twice, in any way.
	for v, depth := plain, 0; depth < deepest; depth++ {
		next := unescape(v, readJSON, readPercent, readHTML)
		if len(next.text) == len(v.text) {
			break
		}
		v = next
		s.look(v, 0)
		s.base64(v)
	}
	return s.found
}

func (s *seeker) look(v view, shortestWord int) {
	s.finder.find(v.text, shortestWord, func(from, to int) { s.found = append(s.found, v.place(from, to)) })
}

// shortestEncoded is the least number of base64 characters that is decoded.
const shortestEncoded = 8

// base64 searches all that could be base64, in either alphabet, padded or not,
// at each of the four alignments: text before it, such as the user of
// "user:password" or the path of a URL, shifts it.
func (s *seeker) base64(v view) {
	flush := func() {
		if len(s.digits) >= shortestEncoded {
			for shift := range 4 {
				s.encoded(v, s.digits[shift:], s.places[shift:])
			}
		}
		s.digits, s.places = s.digits[:0], s.places[:0]
	}
	for i, c := range v.text {
		switch d := base64Digit(c); {
		case d != noDigit:
			s.digits, s.places = append(s.digits, d), append(s.places, i)
		case c == '\n' || c == '\r': // long texts come in lines
		default:
			flush()
		}
	}
	flush()
}

// encoded searches one run of base64.
func (s *seeker) encoded(v view, digits []byte, places []int) {
	s.inside = s.inside[:0]
	for bit := 0; bit+8 <= 6*len(digits); bit += 8 {
		both := uint16(digits[bit/6])<<6 | uint16(digits[(bit+7)/6])
		s.inside = append(s.inside, byte(both>>(4-bit%6)))
	}
	place := func(from, to int) span { return v.place(places[from*8/6], places[(to*8-1)/6]+1) }
	s.finder.find(s.inside, shortestEncodedWord, func(from, to int) { s.found = append(s.found, place(from, to)) })
	if !bytes.ContainsAny(s.inside, escapes) {
		return
	}
	decoded := view{text: s.inside, origin: make([]span, len(s.inside))}
	for i := range decoded.origin {
		decoded.origin[i] = place(i, i+1)
	}
	for _, r := range readers() {
		if one := unescape(decoded, r...); len(one.text) < len(decoded.text) {
			s.look(one, shortestEncodedWord)
		}
	}
}

// escapes are the characters that start an escape for the readers.
const escapes = `\%+&`

// shortestEncodedWord is the least length of a whole word in base64: shorter
// ones appear by chance.
const shortestEncodedWord = 4

const noDigit = 0xff

func base64Digit(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c - 'A'
	case 'a' <= c && c <= 'z':
		return c - 'a' + 26
	case '0' <= c && c <= '9':
		return c - '0' + 52
	case c == '+' || c == '-':
		return 62
	case c == '/' || c == '_':
		return 63
	}
	return noDigit
}

// reader decodes one escaped character at the start of s. A width of 0 means
// that there is none.
type reader func(s []byte) (char string, width int)

// unescape returns v with everything decoded that the readers know. The origin
// is nil if there was nothing to decode.
func unescape(v view, readers ...reader) view {
	var out view
	for i := 0; i < len(v.text); {
		char, width := read(v.text[i:], readers)
		if width == 0 {
			if out.origin != nil {
				out.text, out.origin = append(out.text, v.text[i]), append(out.origin, v.place(i, i+1))
			}
			i++
			continue
		}
		if out.origin == nil {
			out.origin = make([]span, i, len(v.text))
			out.text = append(make([]byte, 0, len(v.text)), v.text[:i]...)
			for k := range i {
				out.origin[k] = v.place(k, k+1)
			}
		}
		for k := range len(char) {
			out.text, out.origin = append(out.text, char[k]), append(out.origin, v.place(i, i+width))
		}
		i += width
	}
	if out.origin == nil {
		return view{text: v.text}
	}
	return out
}

func read(s []byte, readers []reader) (string, int) {
	switch s[0] {
	case '\\', '%', '+', '&':
		for _, r := range readers {
			if char, width := r(s); width > 0 {
				return char, width
			}
		}
	}
	return "", 0
}

// readJSON decodes the escapes of JSON and of quoted texts in messages.
func readJSON(s []byte) (string, int) {
	if s[0] != '\\' || len(s) < 2 {
		return "", 0
	}
	switch s[1] {
	case '"', '\\', '/', '\'':
		return string(s[1]), 2
	case 'n':
		return "\n", 2
	case 'r':
		return "\r", 2
	case 't':
		return "\t", 2
	case 'b':
		return "\b", 2
	case 'f':
		return "\f", 2
	case 'x':
		if r, ok := hex(s, 2, 2); ok {
			return string([]byte{byte(r)}), 4
		}
	case 'u':
		r, ok := hex(s, 2, 4)
		if !ok {
			return "", 0
		}
		if low, ok := hex(s, 8, 4); ok && utf16.IsSurrogate(r) && s[6] == '\\' && s[7] == 'u' {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				return string(both), 12
			}
		}
		return string(r), 6
	}
	return "", 0
}

func readPercent(s []byte) (string, int) {
	if s[0] != '%' {
		return "", 0
	}
	r, ok := hex(s, 1, 2)
	if !ok {
		return "", 0
	}
	return string([]byte{byte(r)}), 3
}

// readPlus decodes the space of forms and queries.
func readPlus(s []byte) (string, int) {
	if s[0] != '+' {
		return "", 0
	}
	return " ", 1
}

// longestEntity limits the length of an HTML entity, in bytes.
const longestEntity = 32

// readHTML decodes the entities of HTML, which include those of Slack.
func readHTML(s []byte) (string, int) {
	if s[0] != '&' {
		return "", 0
	}
	for i := 1; i < min(len(s), longestEntity); i++ {
		if s[i] != ';' {
			continue
		}
		name := string(s[:i+1])
		if char := html.UnescapeString(name); char != name {
			return char, i + 1
		}
		break
	}
	return "", 0
}

// hex parses n digits at index i of s.
func hex(s []byte, i, n int) (rune, bool) {
	if len(s) < i+n {
		return 0, false
	}
	var r rune
	for _, c := range s[i : i+n] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
