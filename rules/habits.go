package rules

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Authors bring habits from other languages. What those would have meant is
// the best advice there is.

// habit turns an error of the expression library into a problem, with advice
// by what stands at its place.
func (c *compiler) habit(source string, err error) problem {
	p := c.problemOf(err)
	runes := []rune(source)
	at := min(max(p.from, 0), len(runes))
	before, rest := string(runes[:at]), string(runes[at:])
	for _, h := range parseHabits() {
		if strings.HasPrefix(p.message, h.message) && h.rest.MatchString(rest) && h.before.MatchString(before) {
			p.hint = h.hint
			if h.says != "" {
				p.message = h.says
			}
			return p
		}
	}
	switch {
	case strings.HasPrefix(p.message, "invalid integer literal"), strings.HasPrefix(p.message, "invalid float literal"):
		return longNumber(p)
	case strings.HasPrefix(p.message, "bad number syntax"):
		return badNumber(p, before)
	case strings.HasPrefix(p.message, "unrecognized character"):
		return oddCharacter(p, rest)
	case methodMissing.MatchString(p.message):
		return noMethod(p)
	case strings.HasPrefix(p.message, "cannot use "):
		return wrongArgument(p)
	}
	return p
}

// parseHabit is advice for a message at a place in the source.
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
		h(unexpected, ``, `is\b|IS\b`, "", "compare with == or !="),
		h(unexpected, ``, `like\b|LIKE\b`, "", `write contains "part", or matches with a regular expression`),
		h(unexpected, ``, `(?i:ends?_?\s?with)\b`, "", "write endsWith"),
		h(unexpected, ``, `(?i:starts?_?\s?with)\b`, "", "write startsWith"),
		h(unexpected, `^\s*`, `(?:contains|startsWith|endsWith|matches)\b`, "", `it stands between its two sides, as in meeting.id contains "a"`),
		h(unexpected, `(?:and|or|not|&&|\|\||!|\()\s*`, `(?:contains|startsWith|endsWith|matches)\b`, "", `it stands between its two sides, as in meeting.id contains "a"`),
		h(unexpected, ``, `(?:includes|has)\b`, "", "write contains"),
		h(unexpected, ``, `if\b`, "", "write condition ? one : other"),
		h(unexpected, `<\s*`, `>`, "", "write !="),
		h(unexpected, `(?:==|!=)`, `=`, "", "two characters are enough: == or !="),
		h(unexpected, ``, `=>`, "", `write # for the item of the list, as in any(invitees(), domain(#) == "acme.example")`),
		h(unexpected, ``, `=~`, "", "write matches"),
		h(unexpected, `matches\s*`, `/`, "", "write the regular expression in quotes, without slashes"),
		h("a map key must be", `\{\s*`, ``, "{{ }} cannot be used in an expression", "write the names without braces"),
		h("invalid char escape", ``, ``, `\ begins an escape, and this is none`, `write \\, or put the text in backquotes`),
		h("the expression ends too early", `\|\s*\w+\s*`, ``, "", "a pipe goes to a function: write | name()"),
		h("expected name", ``, ``, "a name is missing behind the dot", "write # for the item of the list itself, and .name for one of its fields"),
		h("type string[int] is undefined", ``, ``, "a text has no items", "write text[0:1] for a character of it, and text[-1:] for the last"),
		h("array elements can only", `formValues\s*\[\s*`, ``, "a list has numbers, not names", `write answer("…") for the answer to a question`),
		h("array elements can only", ``, `(?:length|size|count)\b`, "a list has no such field", "write len(list)"),
		h("array elements can only", ``, ``, "a list has numbers, not names", "look for an item with find(list, .name == …)"),
		h("cannot use int to get", `actions\s*\[\s*\d*`, ``, "actions have names, not numbers", "give the action an id: and write actions.<id>"),
		h("error parsing regexp: invalid or unsupported Perl syntax: `(?", ``, ``, "", "there is no looking ahead or behind; write a second condition with not (… matches …)"),
		h("invalid operation: in (mismatched types string and string)", ``, ``, "", `in looks into a list; for a part of a text write: text contains "part"`),
	}
}

var digits = regexp.MustCompile(`"([0-9_.eExX]+)"`)

// longNumber is about a number that does not fit 64 bits.
func longNumber(p problem) problem {
	said := digits.FindStringSubmatch(p.message)
	p.message, p.hint = "the number is too large to stand in an expression", "compare with int() of a text"
	if said != nil {
		p.message = said[1] + " is too large to stand in an expression"
		if isWhole(said[1]) {
			p.hint = "write int(" + quote(said[1]) + ")"
		}
	}
	return p
}

var quantity = regexp.MustCompile(`\d+(?:\.\d+)?[A-Za-z]+$`)

// badNumber is about 24h and its like.
func badNumber(p problem, before string) problem {
	_, said, _ := strings.Cut(p.message, ": ")
	word := strings.Trim(said, `"`)
	p.message, p.hint = quote(word)+" is not a number", ""
	if quantity.MatchString(word) {
		p.hint = "write duration(" + quote(word) + ") for a length of time"
	}
	if n := len([]rune(word)); strings.HasSuffix(before, word[:len(word)-1]) {
		p.from, p.to = p.from-n+1, p.from+1
	}
	return p
}

// oddCharacter is about characters that word processors and web pages leave.
func oddCharacter(p problem, rest string) problem {
	r, _ := utf8.DecodeRuneInString(rest)
	switch {
	case strings.ContainsRune("“”„‟«»‘’‚", r):
		p.hint = `write straight quotes: "…"`
	case strings.ContainsRune("–—−", r):
		p.hint = "write -"
	case strings.ContainsRune("≤≥≠", r):
		p.hint = "write <=, >= or !="
	case r == '\u200b' || r == '\u200c' || r == '\u200d' || r == '\u2060' || r == '\ufeff' || r == '\u00ad':
		p.message = "an invisible character stands here: " + strings.TrimPrefix(p.message, "unrecognized character: ")
		p.hint = "remove it"
	}
	return p
}

var methodMissing = regexp.MustCompile(`^type (.+) has no method (\w+)$`)

// noMethod is about x.lower() where it is lower(x).
func noMethod(p problem) problem {
	m := methodMissing.FindStringSubmatch(p.message)
	what := map[string]string{"string": "text"}[m[1]]
	if what == "" {
		what = m[1]
	}
	p.message = what + " has no function " + quote(m[2])
	if what != "text" {
		return p
	}
	switch m[2] {
	case "contains", "includes", "has":
		p.hint = `write: text contains "part"`
	case "startsWith", "startswith":
		p.hint = `write: text startsWith "part"`
	case "endsWith", "endswith":
		p.hint = `write: text endsWith "part"`
	case "match", "matches", "test":
		p.hint = `write: text matches "regular expression"`
	case "toLowerCase", "lower", "downcase", "casefold":
		p.hint = "write lower(text)"
	case "toUpperCase", "upper", "upcase":
		p.hint = "write upper(text)"
	case "strip", "trim":
		p.hint = "write trim(text)"
	case "length", "size", "len":
		p.hint = "write len(text)"
	case "split", "replace", "indexOf":
		p.hint = "write " + m[2] + "(text, …)"
	default:
		p.hint = "functions stand in front: name(text, …)"
	}
	return p
}

var argument = regexp.MustCompile(`^cannot use (.+) as argument \(type (.+)\) to call (\w+)`)

// wrongArgument is about an argument of another type.
func wrongArgument(p problem) problem {
	m := argument.FindStringSubmatch(p.message)
	if m == nil {
		return p
	}
	kinds := strings.NewReplacer("string", "text", "int", "a whole number", "number", "a number", "bool", "true or false", "time", "a time", "list", "a list")
	p.message = m[3] + "() needs " + kinds.Replace(m[2]) + " here, not " + kinds.Replace(m[1])
	switch {
	case m[3] == "between" && m[2] == "string":
		p.hint = `write a time of day in quotes, such as "09:00"`
	case m[2] == "string" && m[1] != "time":
		p.hint = "put it in quotes, or convert it with string()"
	case m[2] == "time" && m[1] == "string":
		p.hint = `write date("2026-01-31") for a time`
	}
	return p
}
