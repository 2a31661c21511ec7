package text

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// syntaxHint is what breaks a line of YAML, at a byte of the line.
type syntaxHint struct {
	at            int
	message, hint string
}

const (
	quoteHint = "put the whole value in quotes"
	// badFirstChars are the characters that a value without quotes cannot begin with.
	badFirstChars = "@`%*&"
)

var (
	blockKey  = regexp.MustCompile(`^[ \t]*(?:- +)*(?:"[^"]*"|'[^']*'|[\w.<>-]+)[ \t]*:[ \t]+`)
	noSpace   = regexp.MustCompile(`^[ \t]*(?:- +)*[A-Za-z_]+:[^ ]`)
	oddIndent = regexp.MustCompile("^[ \t]*[\u00a0\u2000-\u200b\u202f\u3000\ufeff]")
)

// hintIn looks for the usual mistakes in a line that the parser does not
// understand. It is nil when none of them is in it.
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

// hintInValue looks at the value of a key, which begins at byte i.
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

// hintInQuotes looks at a quoted value that begins at byte i.
func hintInQuotes(line string, i int, parserSays string) *syntaxHint {
	end, bad := endOfQuotes(line, i)
	switch {
	case bad >= 0:
		return &syntaxHint{bad, escapeAt(line, bad) + " is not a valid escape in double quotes", `use single quotes, or write \\ for a backslash`}
	case end < 0 && !strings.Contains(parserSays, "end of stream"):
		return nil // closed in a line below
	case end < 0:
		return &syntaxHint{i, "a quote is not closed", "close it with the same quote"}
	}
	rest := strings.TrimLeft(line[end:], " \t")
	if rest == "" || rest[0] == '#' && rest != line[end:] {
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

// endOfQuotes returns the byte behind a quoted value, and where an escape
// stands that YAML does not know; -1 for none.
func endOfQuotes(line string, i int) (end, bad int) {
	mark := line[i]
	for j := i + 1; j < len(line); j++ {
		switch {
		case mark == '"' && line[j] == '\\' && j+1 < len(line):
			if !knownEscape(line[j+1:]) {
				return -1, j
			}
			j++
		case line[j] == mark && mark == '\'' && j+1 < len(line) && line[j+1] == mark:
			j++
		case line[j] == mark:
			return j + 1, -1
		}
	}
	return -1, -1
}

var longEscape = regexp.MustCompile(`^(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})`)

func knownEscape(s string) bool {
	return strings.ContainsRune("0abt\tnvfre \"/\\N_LP", rune(s[0])) || longEscape.MatchString(s)
}

// endOfFlow returns the byte behind the bracket that closes the one at i, or
// -1.
func endOfFlow(line string, i int) int {
	depth := 0
	for j := i; j < len(line); j++ {
		switch line[j] {
		case '"', '\'':
			end, _ := endOfQuotes(line, j)
			if end < 0 {
				return -1
			}
			j = end - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return j + 1
			}
		}
	}
	return -1
}

// hintInFlow looks at what stands in brackets, from byte i on.
func hintInFlow(line string, i int, parserSays string) *syntaxHint {
	open, depth, fresh := -1, 0, true // fresh: a key or a value begins here
	for j := i; j < len(line); j++ {
		c := line[j]
		switch {
		case c == ' ' || c == '\t':
			if j+1 < len(line) && line[j+1] == '#' && depth > 0 {
				return &syntaxHint{j + 1, "YAML reads # as a comment", "put the value in quotes"}
			}
		case fresh && depth > 0 && strings.ContainsRune(badFirstChars, rune(c)) && !namesAnchor(line[j:]):
			return badFirstChar(j, c)
		case fresh && depth > 0 && strings.HasPrefix(line[j:], "${{"):
			return &syntaxHint{j, "in brackets, a value with ${{ }} must be in quotes", quoteHint}
		case fresh && (c == '"' || c == '\''):
			end, bad := endOfQuotes(line, j)
			if bad >= 0 || end < 0 {
				return hintInQuotes(line, j, parserSays)
			}
			if x := behindQuotes(line, end, depth); x != nil {
				return x
			}
			j, fresh = end-1, false
		case c == '{' || c == '[':
			if depth++; open < 0 {
				open = j
			}
			fresh = true
		case c == '}' || c == ']':
			depth, fresh = depth-1, false
		case c == ',' && depth > 0:
			if fresh {
				return &syntaxHint{j, "nothing before this comma", "remove it"}
			}
			fresh = true
		case c == ':' && (j+1 == len(line) || line[j+1] == ' '):
			fresh = true
		default:
			fresh = false
		}
	}
	if depth > 0 && open >= 0 && strings.Contains(parserSays, "did not find expected ','") {
		return &syntaxHint{open, "a bracket is not closed", "close it, and check the commas and quotes inside"}
	}
	return nil
}

var anchorName = regexp.MustCompile(`^[*&][\w-]+`)

func namesAnchor(s string) bool { return anchorName.MatchString(s) }

// behindQuotes looks at what follows a quoted value in brackets.
func behindQuotes(line string, end, depth int) *syntaxHint {
	rest := strings.TrimLeft(line[end:], " \t")
	if depth == 0 || rest == "" || strings.ContainsRune(",}]:#", rune(rest[0])) {
		return nil
	}
	if len(rest) == len(line)-end {
		return &syntaxHint{end, "unexpected text after the closing quote", "use one kind of quotes outside and the other inside"}
	}
	return &syntaxHint{len(line) - len(rest), "a comma is missing", "put one between the values"}
}
