package language

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/file"

	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
)

// endsEarly reports whether the expression library reached the end of the
// expression. It has no error value for that.
func endsEarly(message string) bool { return strings.HasPrefix(message, "unexpected token EOF") }

// plainWords rewrites a message of the expression library for rule authors.
func plainWords(message string) string {
	message = strings.TrimSpace(strings.TrimPrefix(message, "compilation failed: "))
	message = typeNames.Replace(message)
	switch {
	case endsEarly(message):
		return "the expression ends too early"
	case strings.HasPrefix(message, "unexpected token"):
		if m := tokenText.FindStringSubmatch(message); m != nil {
			return "unexpected " + text.Quote(m[1])
		}
	case message == "memory budget exceeded":
		return "the expression needs too much memory"
	case message == "expression exceeds maximum allowed nodes":
		return "the expression is too long"
	case strings.HasPrefix(message, "interface conversion: "):
		if m := conversion.FindStringSubmatch(message); m != nil {
			return "expected " + m[2] + ", but a value is " + strings.ReplaceAll(m[1], "nil", "missing")
		}
	}
	return message
}

var (
	tokenText  = regexp.MustCompile(`^unexpected token \w+\("(.*)"\)$`)
	conversion = regexp.MustCompile(`^interface conversion: (?:any|interface \{\}) is (.+), not (.+)$`)
)

// goWords are in messages of Go and the expression library about values. They
// are looked for one by one, because a condition can fail for every event.
var (
	goWords = []string{
		"reflect:", "reflect.", "strconv.", "runtime error", "interface conversion", "interface {}", "invalid operation",
		"invalid argument", "cannot fetch", "cannot get", "cannot use", "cannot slice", "cannot call", "<nil>", "%!",
		"nil pointer", "map[", "index out of range", "unhashable", "is not defined on",
	}
	goType = regexp.MustCompile(`\btype \w+\)`)
)

// valueProblem replaces messages that do not help an author.
func valueProblem(message string) string {
	has := func(word string) bool { return strings.Contains(message, word) }
	if !slices.ContainsFunc(goWords, has) && !(has("type ") && goType.MatchString(message)) {
		return message
	}
	return "it cannot be evaluated with the values of this event; see them with gavel explain, and check them with has(…) or default(…, …)"
}

// typeNames are the types of Go as authors know them.
var typeNames = strings.NewReplacer(
	"map[string]interface {}", "object", "map[string]any", "object",
	"[]interface {}", "list", "[]string", "list",
	"*event.Meeting", "meeting", "event.Meeting", "meeting",
	"*event.Envelope", "event", "event.Envelope", "event",
	"*event.Change", "change", "event.Change", "change",
	"*event.Test", "test", "event.Test", "test", "*own.Facts", "gavel", "own.Facts", "gavel",
	"event.Info", "meetingInfo", "event.Person", "person", "event.Setting", "setting",
	"[]event.FormValue", "list of answers", "[]event.SurveyQuestion", "list of answers",
	"time.Time", "time", "time.Duration", "duration",
	"*event.Gathering", "window", "*"+reflect.TypeFor[throttleView]().String(), "throttle", "event.Gathering", "window", "[]event.Gathered", "list of events", "[]event.KeyCount", "list of keys and counts", "event.KeyCount", "key and count", "event.Gathered", "event", reflect.TypeFor[throttleView]().String(), "throttle",
	reflect.TypeFor[eval.RawText]().String(), "raw text", reflect.TypeFor[eval.ActionError]().String(), "error", "float64", "number",
)

func (c *Compiler) problemOf(err error) Problem {
	var located *file.Error
	if !errors.As(err, &located) {
		// An internal error comes with a stack trace; only its first line is
		// useful to an author.
		first, _, _ := strings.Cut(err.Error(), "\n")
		return Problem{Message: plainWords(first)}
	}
	message := plainWords(located.Message)
	return Problem{
		From: located.From, To: located.To, Message: message, Hint: hintFor(message), Unfinished: endsEarly(located.Message),
	}
}

// hintFor returns the hint for a common mistake.
func hintFor(message string) string {
	switch {
	case strings.Contains(message, "mismatched types time and string"), strings.Contains(message, "mismatched types string and time"):
		return `write date("2026-01-31") for a time`
	case strings.Contains(message, "mismatched types time and number"), strings.Contains(message, "mismatched types time and int"):
		return `write duration("24h") for a duration`
	case strings.Contains(message, "mismatched types duration and"), strings.Contains(message, "and duration)"):
		return `write duration("24h") for a duration`
	case strings.Contains(message, "mismatched types bool and string"), strings.Contains(message, "mismatched types string and bool"):
		return "write true and false without quotes"
	case strings.Contains(message, "mismatched types list and int"), strings.Contains(message, "mismatched types int and list"):
		return "count its items with len()"
	case strings.Contains(message, "raw text"):
		return "raw() must stand alone in ${{ }}"
	case strings.Contains(message, `unexpected "="`):
		return "compare with =="
	case strings.Contains(message, "mismatched types string and"), strings.Contains(message, "and string)"):
		return "convert one side with string() or int()"
	case strings.Contains(message, "the expression ends too early"):
		return "complete it, and check its quotes and brackets"
	}
	return ""
}

// Problem is a mistake in an expression. From and To count characters.
type Problem struct {
	From, To      int
	Message, Hint string
	Env           string // the missing environment variable it is about
	Unfinished    bool   // the expression ends too early
	Told          bool   // another finding says it already
	unknown       bool   // it is about an unknown name
}

// Guarding says whether an expression is a condition, which is false if the
// event lacks a value that it needs.
type Guarding int

const (
	Unguarded     Guarding = 0
	Guarded       Guarding = 1
	guardedNegate Guarding = -1 // a part of a condition below a not
)
