package language

import (
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Hints for authors who write an expression as in another language.

// habit turns an error of the expression library into a problem, with a hint
// that depends on the source at its position.
func (c *Compiler) habit(source string, err error) Problem {
	p := c.problemOf(err)
	runes := []rune(source)
	at := min(max(p.From, 0), len(runes))
	before, rest := string(runes[:at]), string(runes[at:])
	for _, h := range parseHabits() {
		if strings.HasPrefix(p.Message, h.message) && h.rest.MatchString(rest) && h.before.MatchString(before) {
			p.Hint = h.hint
			if h.says != "" {
				p.Message = h.says
			}
			return p
		}
	}
	switch {
	case strings.HasPrefix(p.Message, "invalid integer literal"), strings.HasPrefix(p.Message, "invalid float literal"):
		return longNumber(p)
	case badLiteral.MatchString(p.Message):
		p.Message, p.Hint = "not a number", "write its digits, as 31, 0x1f or 0b11111"
	case strings.HasPrefix(p.Message, "bad number syntax"):
		return badNumber(p, before)
	case strings.HasPrefix(p.Message, "unrecognized character"):
		return oddCharacter(p, rest)
	case methodMissing.MatchString(p.Message):
		return noMethod(p)
	case strings.HasPrefix(p.Message, "cannot use "):
		return wrongArgument(p)
	}
	return p
}

// parseHabit is a hint for a message at a position in the source.
type parseHabit struct {
	message      string // how it begins
	before, rest *regexp.Regexp
	says         string // instead of the message
	hint         string
}

func parseHabits() []parseHabit {
	h := func(message, before, rest, says, hint string) parseHabit {
		return parseHabit{message, regexp.MustCompile(before + `$`), regexp.MustCompile(`^(?:` + rest + `)`), says, hint}
	}
	const unexpected = "unexpected "
	return []parseHabit{
		h(unexpected, ``, `AND\b|And\b`, "", "write and"),
		h(unexpected, ``, `OR\b|Or\b`, "", "write or"),
		h(unexpected, ``, `NOT\b|Not\b`, "", "write not"),
		h(unexpected, `\b(?:NOT|Not)\s+`, ``, "", "write not"),
		h(unexpected, ``, `is\b|IS\b`, "", "compare with == or !="),
		h(unexpected, ``, `like\b|LIKE\b`, "", `write contains "part", or matches with a regular expression`),
		h(unexpected, ``, `(?i:ends?_?\s?with)\b`, "", "write endsWith"),
		h(unexpected, ``, `(?i:starts?_?\s?with)\b`, "", "write startsWith"),
		h(unexpected, `^\s*`, `(?:contains|startsWith|endsWith|matches)\b`, "", `write it between its two sides, as in meeting.id contains "a"`),
		h(unexpected, `(?:and|or|not|&&|\|\||!|\()\s*`, `(?:contains|startsWith|endsWith|matches)\b`, "", `write it between its two sides, as in meeting.id contains "a"`),
		h(unexpected, ``, `(?:includes|has)\b`, "", "write contains"),
		h(unexpected, ``, `if\b`, "", "write condition ? one : other"),
		h(unexpected, `<\s*`, `>`, "", "write !="),
		h(unexpected, `(?:==|!=)`, `=`, "", "two characters are enough: == or !="),
		h(unexpected, ``, `=>`, "", `write # for the item of the list, as in any(invitees(), domain(#) == "acme.example")`),
		h(unexpected, ``, `=~`, "", "write matches"),
		h(unexpected, `matches\s*`, `/`, "", "write the regular expression in quotes, without slashes"),
		h("a map key must be", `\{\s*`, ``, "{{ }} cannot be used in an expression", "write the names without braces"),
		h("invalid char escape", ``, ``, `not a valid escape`, `write \\, or put the text in backquotes`),
		h("the expression ends too early", `\|\s*\w+\s*`, ``, "", "a pipe goes to a function: write | name()"),
		h("expected name", ``, ``, "a name is missing after the dot", "write # for the item of the list itself, and .name for one of its fields"),
		h("type string[int] is undefined", ``, ``, "text has no items", "write text[0:1] for a character, and text[-1:] for the last"),
		h("array elements can only", `formValues\s*\[\s*`, ``, "list items have numbers, not names", `write answer("…") for the answer to a question`),
		h("array elements can only", ``, `(?:length|size|count)\b`, "a list has no such field", "write len(list)"),
		h("array elements can only", ``, ``, "list items have numbers, not names", "look for an item with find(list, .name == …)"),
		h("cannot use int to get", `actions\s*\[\s*\d*`, ``, "actions have names, not numbers", "give the action an id: and write actions.<id>"),
		h("error parsing regexp: invalid or unsupported Perl syntax: `(?", ``, ``, "", "lookahead and lookbehind are not supported; write a second condition with not (… matches …)"),
		h("invalid operation: in (mismatched types string and string)", ``, ``, "", `in searches a list; for part of a text write: text contains "part"`),
	}
}

// badLiteral is what the expression library says of 0x and its like.
var badLiteral = regexp.MustCompile(`^invalid (?:hex|octal|binary) literal`)

var digits = regexp.MustCompile(`"([0-9_.eExX]+)"`)

// longNumber is about a number that does not fit 64 bits.
func longNumber(p Problem) Problem {
	said := digits.FindStringSubmatch(p.Message)
	p.Message, p.Hint = "the number is too large for an expression", "write it in quotes and convert it with int()"
	if said != nil {
		p.Message = said[1] + " is too large for an expression"
		if eval.IsWhole(said[1]) {
			p.Hint = "write int(" + text.Quote(said[1]) + ")"
		}
	}
	return p
}

var quantity = regexp.MustCompile(`\d+(?:\.\d+)?[A-Za-z]+$`)

// badNumber is about 24h and its like.
func badNumber(p Problem, before string) Problem {
	_, said, _ := strings.Cut(p.Message, ": ")
	word := strings.Trim(said, `"`)
	p.Message, p.Hint = text.Quote(word)+" is not a number", ""
	if quantity.MatchString(word) {
		p.Hint = "write duration(" + text.Quote(word) + ") for a duration"
	}
	if n := len([]rune(word)); strings.HasSuffix(before, word[:len(word)-1]) {
		p.From, p.To = p.From-n+1, p.From+1
	}
	return p
}

// oddCharacter is about characters that word processors and web pages leave.
func oddCharacter(p Problem, rest string) Problem {
	r, _ := utf8.DecodeRuneInString(rest)
	switch {
	case strings.ContainsRune("“”„‟«»‘’‚", r):
		p.Hint = `write straight quotes: "…"`
	case strings.ContainsRune("–—−", r):
		p.Hint = "write -"
	case strings.ContainsRune("≤≥≠", r):
		p.Hint = "write <=, >= or !="
	case r == '\u200b' || r == '\u200c' || r == '\u200d' || r == '\u2060' || r == '\ufeff' || r == '\u00ad':
		p.Message = "invisible character: " + strings.TrimPrefix(p.Message, "unrecognized character: ")
		p.Hint = "remove it"
	}
	return p
}

var methodMissing = regexp.MustCompile(`^type (.+) has no method (\w+)$`)

// noMethod is about x.lower() where it is lower(x).
func noMethod(p Problem) Problem {
	m := methodMissing.FindStringSubmatch(p.Message)
	what := map[string]string{"string": "text"}[m[1]]
	if what == "" {
		what = m[1]
	}
	p.Message = what + " has no function " + text.Quote(m[2])
	if what != "text" {
		return p
	}
	switch m[2] {
	case "contains", "includes", "has":
		p.Hint = `write: text contains "part"`
	case "startsWith", "startswith":
		p.Hint = `write: text startsWith "part"`
	case "endsWith", "endswith":
		p.Hint = `write: text endsWith "part"`
	case "match", "matches", "test":
		p.Hint = `write: text matches "regular expression"`
	case "toLowerCase", "lower", "downcase", "casefold":
		p.Hint = "write lower(text)"
	case "toUpperCase", "upper", "upcase":
		p.Hint = "write upper(text)"
	case "strip", "trim":
		p.Hint = "write trim(text)"
	case "length", "size", "len":
		p.Hint = "write len(text)"
	case "split", "replace", "indexOf":
		p.Hint = "write " + m[2] + "(text, …)"
	default:
		p.Hint = "write the function first: name(text, …)"
	}
	return p
}

var argument = regexp.MustCompile(`^cannot use (.+) as argument \(type (.+)\) to call (\w+)`)

// wrongArgument is about an argument of another type.
func wrongArgument(p Problem) Problem {
	m := argument.FindStringSubmatch(p.Message)
	if m == nil {
		return p
	}
	kinds := strings.NewReplacer("string", "text", "int", "a whole number", "number", "a number", "bool", "true or false", "duration", "a duration", "time", "a time", "list", "a list")
	p.Message = m[3] + "() needs " + kinds.Replace(m[2]) + " here, not " + kinds.Replace(m[1])
	switch {
	case m[3] == "between" && m[2] == "string":
		p.Hint = `write a time of day in quotes, such as "09:00"`
	case m[2] == "string" && m[1] != "time":
		p.Hint = "put it in quotes, or convert it with string()"
	case m[2] == "time" && m[1] == "string":
		p.Hint = `write date("2026-01-31") for a time`
	}
	return p
}
