package text

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// syntaxHint is the mistake in a line of YAML, at a byte of the line.
type syntaxHint struct {
	at            int
	message, hint string
}

const (
	quoteHint = "put the whole value in quotes"
	// badFirstChars are characters that an unquoted value cannot begin with.
	badFirstChars = "@`%*&"
)

var (
	blockKey  = regexp.MustCompile(`^[ \t]*(?:- +)*(?:"[^"]*"|'[^']*'|[\w.<>-]+)[ \t]*:[ \t]+`)
	noSpace   = regexp.MustCompile(`^[ \t]*(?:- +)*[A-Za-z_]+:[^ ]`)
	oddIndent = regexp.MustCompile("^[ \t]*[\u00a0\u2000-\u200b\u202f\u3000\ufeff]")
)

// hintIn looks for a common mistake in a line that the parser rejects. It
// returns nil if there is none.
func hintIn(line, parserSays string) *syntaxHint {
	if at := oddIndent.FindStringIndex(line); at != nil {
		_, n := utf8.DecodeLastRuneInString(line[:at[1]])
		return &syntaxHint{at[1] - n, "indented with a non-breaking space", "indent with ordinary spaces"}
	}
	key := blockKey.FindString(line)
	if key == "" {
		if m := noSpace.FindString(line); m != "" {
			return &syntaxHint{len(m) - 1, "a space is missing after the colon", "write key: value"}
		}
		if i := len(line) - len(strings.TrimLeft(line, " -")); i > 0 && i < len(line) {
			return hintInFlow(line, i, parserSays)
		}
		return nil
	}
	return hintInValue(line, len(key), parserSays)
}

// hintInValue checks the value of a key, which begins at byte i.
func hintInValue(line string, i int, parserSays string) *syntaxHint {
	value := line[i:]
	switch {
	case value == "":
		return nil
	case strings.ContainsRune(badFirstChars, rune(value[0])):
		return badFirstChar(i, value[0])
	case value[0] == '"' || value[0] == '\'':
		return hintInQuotes(line, i, parserSays)
	case value[0] == '{' || value[0] == '[':
		if x := hintInFlow(line, i, parserSays); x != nil {
			return x
		}
		if end := endOfFlow(line, i); end > 0 {
			if rest := strings.TrimLeft(line[end:], " \t"); rest != "" && rest[0] != '#' {
				return &syntaxHint{len(line) - len(rest), "unexpected text after the closing bracket", quoteHint}
			}
		}
		return nil
	}
	if colon := strings.Index(value, ": "); colon >= 0 && strings.Contains(parserSays, "mapping values are not allowed") {
		hint := quoteHint
		if strings.Contains(value, "\"") && !strings.Contains(value, "'") {
			hint = "put the whole value in single quotes"
		}
		return &syntaxHint{i + colon, "an unquoted value cannot contain a colon and a space", hint}
	}
	if strings.Contains(parserSays, "mapping values are not allowed") {
		at := len(line) - len(strings.TrimLeft(line, " \t"))
		return &syntaxHint{at, "this line is indented further than its neighbor", "give both the same indentation"}
	}
	return nil
}

func badFirstChar(at int, c byte) *syntaxHint {
	message := "a value cannot begin with " + string(c)
	switch c {
	case '*':
		message = "YAML reads * as an anchor's name"
	case '&':
		message = "YAML reads & as an anchor"
	}
	return &syntaxHint{at, message, quoteHint}
}

// hintInQuotes checks a quoted value that begins at byte i.
func hintInQuotes(line string, i int, parserSays string) *syntaxHint {
	quoted, end := line[i:], quotedEnd(line[i:])
	if end >= 0 {
		quoted = quoted[:end]
	}
	bad := badEscape(quoted)
	switch {
	case bad >= 0:
		return &syntaxHint{i + bad, escapeAt(quoted, bad) + " is not a valid escape in double quotes", `use single quotes, or write \\ for a backslash`}
	case end < 0 && !strings.Contains(parserSays, "end of stream"):
		return nil // closed on a later line
	case end < 0:
		return &syntaxHint{i, "a quote is not closed", "close it with the same quote"}
	}
	rest := strings.TrimLeft(line[i+end:], " \t")
	if rest == "" || rest[0] == '#' && rest != line[i+end:] {
		return nil
	}
	hint := "put the whole value in single quotes, and keep the double quotes inside"
	if line[i] == '\'' {
		hint = "put the whole value in double quotes, or write '' for each quote inside"
	}
	return &syntaxHint{len(line) - len(rest), "unexpected text after the closing quote", hint}
}

func escapeAt(line string, at int) string {
	_, n := utf8.DecodeRuneInString(line[at+1:])
	return line[at : at+1+n]
}

// badEscape returns the byte of an invalid escape in a quoted value, or -1.
func badEscape(quoted string) int {
	for i := 1; i+1 < len(quoted) && quoted[0] == '"'; i++ {
		if quoted[i] != '\\' {
			continue
		}
		if !knownEscape(quoted[i+1:]) {
			return i
		}
		i++
	}
	return -1
}

var longEscape = regexp.MustCompile(`^(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})`)

func knownEscape(s string) bool {
	return strings.ContainsRune("0abt\tnvfre \"/\\N_LP", rune(s[0])) || longEscape.MatchString(s)
}

// endOfFlow returns the byte after the bracket that closes the one at i, or -1.
func endOfFlow(line string, i int) int {
	for t := range FlowTokens(line[i:]) {
		if t.Kind == FlowClose && t.Depth == 0 {
			return i + t.At + len(t.Text)
		}
	}
	return -1
}

// hintInFlow checks what is in brackets, from byte i on.
func hintInFlow(line string, i int, parserSays string) *syntaxHint {
	open, fresh := -1, true // fresh: a key or a value begins here
	var last FlowToken
	for t := range FlowTokens(line[i:]) {
		t.At += i
		if x := hintAtToken(line, t, fresh, parserSays); x != nil {
			return x
		}
		if t.Kind == FlowOpen && open < 0 {
			open = t.At
		}
		if t.Kind != FlowSpace {
			fresh = t.Kind == FlowOpen || t.Kind == FlowComma || t.Kind == FlowColon
		}
		last = t
	}
	if last.Depth > 0 && !last.Unclosed && strings.Contains(parserSays, "did not find expected ','") {
		return &syntaxHint{open, "a bracket is not closed", "close it, and check the commas and quotes inside"}
	}
	return nil
}

// hintAtToken looks at one token, which may be the first of a key or a value.
func hintAtToken(line string, t FlowToken, fresh bool, parserSays string) *syntaxHint {
	switch {
	case t.Kind == FlowQuoted && (t.Unclosed || badEscape(t.Text) >= 0):
		return hintInQuotes(line, t.At, parserSays)
	case t.Kind == FlowQuoted && t.Depth != 0: // below zero, a line above opened it
		return afterQuotes(line, t.At+len(t.Text))
	case t.Depth <= 0: // not in brackets
		return nil
	case t.Kind == FlowComment:
		return &syntaxHint{t.At, "YAML reads # as a comment", "put the value in quotes"}
	case t.Kind == FlowComma && fresh:
		return &syntaxHint{t.At, "nothing before this comma", "remove it"}
	case t.Kind == FlowOther && fresh:
		return hintAtStart(line, t.At)
	}
	return nil
}

// hintAtStart looks at a key or a value without quotes that begins at byte i.
func hintAtStart(line string, i int) *syntaxHint {
	switch {
	case strings.HasPrefix(line[i:], "${{"):
		return &syntaxHint{i, "in brackets, a value with ${{ }} must be in quotes", quoteHint}
	case strings.IndexByte(badFirstChars, line[i]) >= 0 && !namesAnchor(line[i:]):
		return badFirstChar(i, line[i])
	}
	return nil
}

var anchorName = regexp.MustCompile(`^[*&][\w-]+`)

func namesAnchor(s string) bool { return anchorName.MatchString(s) }

// afterQuotes checks what follows a quoted value in brackets.
func afterQuotes(line string, end int) *syntaxHint {
	rest := strings.TrimLeft(line[end:], " \t")
	if rest == "" || strings.ContainsRune(",}]:#", rune(rest[0])) {
		return nil
	}
	if len(rest) == len(line)-end {
		return &syntaxHint{end, "unexpected text after the closing quote", "use one kind of quotes outside and the other inside"}
	}
	return &syntaxHint{len(line) - len(rest), "a comma is missing", "put one between the values"}
}
