package eval

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/event"
)

// Function describes one function that Gavel adds to the expression language.
type Function struct {
	Name      string
	Signature string
	Doc       string
	// Example is an expression with the sample meeting, Result its value as JSON.
	// A test compares the two.
	Example string
	Result  string

	// Needs describes the arguments, for errors; the default is the signature.
	Needs string
	Bound string // the name in scope that is passed as a hidden first argument
	// Zone is the index of the argument with a time zone, Country that of the one
	// with a country; 0 if there is none.
	Zone, Country int

	Call  func(args ...any) (any, error)
	Types []reflect.Type
}

// Functions lists the functions for the reference.
func Functions() []Function { return NewLibrary().Functions() }

// RawText is a value that is not escaped. It is a struct, so that it cannot be
// joined with other text and lose that property.
type RawText struct{ Text string }

func typesOf(samples ...any) []reflect.Type {
	out := make([]reflect.Type, len(samples))
	for i, s := range samples {
		out[i] = reflect.TypeOf(s)
	}
	return out
}

func (l *Library) Functions() []Function {
	out := append(meetingFunctions(), l.timeFunctions()...)
	out = append(out, l.hoursFunctions()...)
	out = append(out, l.textFunctions()...)
	return append(out, valueFunctions()...)
}

func meetingFunctions() []Function {
	return []Function{
		{
			Name: "answer", Signature: "answer(question)",
			Doc:     "The invitee's answer to a question of the booking form or the survey. Case and outer spaces do not matter. Empty if it was not asked or answered.",
			Example: `answer("company size")`, Result: `"51-200"`,
			Bound: WordMeeting, Call: answerFunc, Types: typesOf(func(*event.Meeting, string) string { return "" }),
		},
		{
			Name: "invitees", Signature: "invitees()",
			Doc:     "The email addresses of the primary and the optional invitees, each once, in lower case.",
			Example: `invitees()`, Result: `["jane@buyer.example","bob@buyer.example"]`,
			Bound: WordMeeting, Call: inviteesFunc, Types: typesOf(func(*event.Meeting) []string { return nil }),
		},
		{
			Name: "domain", Signature: "domain(email)",
			Doc:     "The part of an email address after the @, in lower case; empty if there is none.",
			Example: `domain("Jane <jane@Buyer.example>")`, Result: `"buyer.example"`,
			Call: func(args ...any) (any, error) { return domainOf(textOf(args[0])), nil }, Types: typesOf(func(string) string { return "" }),
		},
		{
			Name: "changed", Signature: "changed(path)",
			Doc:     "Whether a field differs before and after an organization.* change. The path may have dots.",
			Example: `changed("value")`, Result: `false`,
			Bound: WordChange, Call: changedFunc, Types: typesOf(func(*event.Change, string) bool { return false }),
		},
	}
}

func valueFunctions() []Function {
	return []Function{
		{
			Name: "default", Signature: "default(value, other)",
			Doc:     "The value, or other if the value is absent, or empty text or an empty list.",
			Example: `default(meeting.zoomMeetingId, "none")`, Result: `"none"`,
			Call: defaultFunc, Types: typesOf(
				func(string, string) string { return "" },
				func(time.Time, time.Time) time.Time { return time.Time{} },
				func(any, any) any { return nil },
			),
		},
		{
			Name: "has", Signature: "has(value)",
			Doc:     "Whether the value is present: the event or reply has it, and it is not null. A field with empty text or an empty list counts as absent.",
			Example: `has(meeting.meetingEnd)`, Result: `true`,
			Call: func(args ...any) (any, error) { return !IsAbsent(args[0]), nil }, Types: typesOf(func(any) bool { return false }),
		},
		{
			Name: "json", Signature: "json(value)",
			Doc:     "The value as JSON text on one line.",
			Example: `json({"a": [1, true]})`, Result: `"{\"a\":[1,true]}"`,
			Call: func(args ...any) (any, error) {
				return JsonText(args[0])
			}, Types: typesOf(func(any) string { return "" }),
		},
		{
			Name: CSVWord, Signature: "csv(list)",
			Doc:     "A list of objects as comma-separated values with a header, up to 5 MiB, for an attachment. What a spreadsheet could read as a formula gets an apostrophe before it.",
			Example: `csv([{"owner": "Ann", "bookings": 3}])`, Result: `"bookings,owner\n3,Ann\n"`, Needs: "a list of objects",
			Call: csvOf, Types: typesOf(func(any) string { return "" }),
		},
		{
			Name: "raw", Signature: "raw(value)",
			Doc:     "The value inserted without the destination's escaping. Only for text that no outsider can write.",
			Example: `raw("<b>")`, Result: `"<b>"`,
			Call:  func(args ...any) (any, error) { return RawText{Display(args[0])}, nil },
			Types: typesOf(func(any) RawText { return RawText{} }),
		},
	}
}

func answerFunc(args ...any) (any, error) {
	m, _ := args[0].(*event.Meeting)
	if m == nil {
		return "", nil
	}
	question := strings.TrimSpace(textOf(args[1]))
	for _, v := range m.Info.FormValues {
		if strings.EqualFold(strings.TrimSpace(v.Question), question) && v.AnswerText != "" {
			return v.AnswerText, nil
		}
	}
	for _, v := range m.Info.SurveyQuestions {
		if strings.EqualFold(strings.TrimSpace(v.Question), question) && v.Answer != "" {
			return v.Answer, nil
		}
	}
	return "", nil
}

func inviteesFunc(args ...any) (any, error) {
	m, _ := args[0].(*event.Meeting)
	if m == nil {
		return []string{}, nil
	}
	return inviteesOf(m), nil
}

func changedFunc(args ...any) (any, error) {
	c, _ := args[0].(*event.Change)
	if c == nil {
		return false, nil
	}
	path := strings.Split(textOf(args[1]), ".")
	return !reflect.DeepEqual(atPath(c.Previous, path), atPath(c.Current, path)), nil
}

func atPath(v any, path []string) any {
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

func defaultFunc(args ...any) (any, error) {
	if text, ok := args[0].(RawText); IsAbsent(args[0]) || ok && text.Text == "" {
		return args[1], nil
	}
	return args[0], nil
}

// textOf is for arguments that should be text but may be missing.
func textOf(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case RawText:
		return x.Text
	}
	return fmt.Sprint(v)
}

// ByteOffset returns the number of bytes of the first characters of s.
func ByteOffset(s string, runes int) int {
	i := 0
	for ; runes > 0 && i < len(s); runes-- {
		_, n := utf8.DecodeRuneInString(s[i:])
		i += n
	}
	return i
}
