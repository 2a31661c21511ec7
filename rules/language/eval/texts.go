package eval

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/rules/language/wording"
)

// Escapes are functions that escape a value for a language written by hand.
const (
	EscapeSOQL = "soql"
	EscapeXML  = "xml"
	EscapeURL  = "urlEncode"
)

// textFunction is a function of one text.
func textFunction[T any](name, parameter, doc, example, result string, call func(string) T) Function {
	return Function{
		Name: name, Signature: name + "(" + parameter + ")", Doc: doc, Example: example, Result: result, Needs: "text",
		Call: func(args ...any) (any, error) {
			s, ok := orEmpty(args[0])
			if !ok {
				return nil, errWrongArguments
			}
			return call(s), nil
		},
		Types: typesOf(func(string) T { var zero T; return zero }),
	}
}

func (l *Library) textFunctions() []Function {
	return []Function{
		{
			Name: "truncate", Signature: "truncate(text, length)",
			Doc:     "The text cut to that many characters; the last is … if anything was cut.",
			Example: `truncate("A long name", 7)`, Result: `"A long…"`,
			Call: truncateFunc, Types: typesOf(func(string, int) string { return "" }),
		},
		textFunction("title", "text", "The text with a capital letter at the beginning of each word; all else stays.",
			`title("anne-marie o'brien")`, `"Anne-Marie O'brien"`, wording.Title),
		textFunction("initials", "text", "The first letters of the words, as capitals.",
			`initials("Jane van Doe-Miller")`, `"JVDM"`, wording.Initials),
		textFunction("hash", "text", "The SHA-256 hash in 64 hexadecimal digits, as advertising services want addresses: without the text, nobody can read it back, but anybody can check a guess.",
			`truncate(hash(lower("Jane@Buyer.example")), 9)`, `"5e043b83…"`, func(s string) string {
				sum := sha256.Sum256([]byte(s))
				return hex.EncodeToString(sum[:])
			}),
		textFunction("isFreeMail", "email", "Whether the address is of a mail provider for everybody, such as gmail.com, and not of a company.",
			`isFreeMail("Jane <jane@gmail.com>")`, `true`, func(s string) bool { return wording.IsFreeMail(domainOf(s)) }),
		textFunction(EscapeURL, "text", "The text as a part of a URL. Values in `url:` and `query:` are encoded already: this is for a URL inside another text.",
			`urlEncode("a&b c/d")`, `"a%26b%20c%2Fd"`, func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }),
		textFunction(EscapeSOQL, "text", "The text escaped for Salesforce's query language, to stand between single quotes: `WHERE Email = '${{ soql(x) }}'`. The escaping of the destination comes on top.",
			`soql("O'Brien")`, `"O\\'Brien"`, wording.SOQL),
		textFunction(EscapeXML, "text", "The text escaped for XML, in an element or an attribute in quotes, for XML inside another text. In `html:`, and in `text:` with a Content-Type of XML, values are escaped already.",
			`xml("Ben & <Jerry>")`, `"Ben &amp; &lt;Jerry&gt;"`, wording.XML),
		{
			Name: "humanDuration", Signature: "humanDuration(duration)",
			Doc:     "A duration in words, rounded to its two largest units.",
			Example: `humanDuration(meeting.meetingStart - now())`, Result: `"8 days 3 hours"`, Needs: "a duration",
			Call: func(args ...any) (any, error) {
				d, ok := args[0].(time.Duration)
				if !ok {
					return nil, errWrongArguments
				}
				return wording.Duration(d), nil
			}, Types: typesOf(func(time.Duration) string { return "" }),
		},
		{
			Name: ReplaceWord, Signature: "regexReplace(text, pattern, replacement)",
			Doc:     "The text with all matches of a [regular expression](https://pkg.go.dev/regexp/syntax) replaced. In the replacement, ${1} is the first group.",
			Example: `regexReplace("+49 (30) 1234-5", "[^0-9+]", "")`, Result: `"+493012345"`,
			Bound: BudgetWord, Call: l.regexReplace,
			Types: typesOf(func(*Budget, string, string, string) string { return "" }),
		},
	}
}

func truncateFunc(args ...any) (any, error) {
	text, ok := orEmpty(args[0])
	n, whole := plainNumber(args[1]).(int)
	if !ok || !whole {
		return nil, errWrongArguments
	}
	if n < 0 {
		return nil, errors.New("truncate() cannot cut to a negative length")
	}
	if len(text) <= n || utf8.RuneCountInString(text) <= n {
		return text, nil
	}
	if n == 0 {
		return "", nil
	}
	return strings.TrimRightFunc(text[:ByteOffset(text, n-1)], unicode.IsSpace) + "…", nil
}
