package rules

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Function documents one function that expressions can call, besides those of
// the expression language itself.
type Function struct {
	Name      string
	Signature string
	Doc       string
	// Example is an expression over the sample meeting, Result what it yields,
	// as JSON. A test holds the two together.
	Example string
	Result  string

	bound string // the name in scope that is passed as hidden first argument
	// zone is the index of an argument that names a time zone; 0 for none.
	zone  int
	call  func(args ...any) (any, error)
	types []reflect.Type
}

// Functions lists the functions for the reference.
func Functions() []Function { return newLibrary().functions() }

// rawText is a value that passes by the escaper of its destination. It is a
// struct, so that it cannot be joined with other text and lose its mark.
type rawText struct{ text string }

func typesOf(samples ...any) []reflect.Type {
	out := make([]reflect.Type, len(samples))
	for i, s := range samples {
		out[i] = reflect.TypeOf(s)
	}
	return out
}

func (l *library) functions() []Function {
	out := append(meetingFunctions(), l.timeFunctions()...)
	out = append(out, l.hoursFunctions()...)
	return append(out, valueFunctions()...)
}

func meetingFunctions() []Function {
	return []Function{
		{
			Name: "answer", Signature: "answer(question)",
			Doc:     "The invitee's answer to a question of the booking form or the survey. Case and outer spaces do not matter. Empty if it was not asked or answered.",
			Example: `answer("company size")`, Result: `"51-200"`,
			bound: wordMeeting, call: answerFunc, types: typesOf(func(*event.Meeting, string) string { return "" }),
		},
		{
			Name: "invitees", Signature: "invitees()",
			Doc:     "The email addresses of the primary and the optional invitees, each once, in lower case.",
			Example: `invitees()`, Result: `["jane@buyer.example","bob@buyer.example"]`,
			bound: wordMeeting, call: inviteesFunc, types: typesOf(func(*event.Meeting) []string { return nil }),
		},
		{
			Name: "domain", Signature: "domain(email)",
			Doc:     "The part of an email address behind the @, in lower case; empty if there is none.",
			Example: `domain("Jane <jane@Buyer.example>")`, Result: `"buyer.example"`,
			call: func(args ...any) (any, error) { return domainOf(textOf(args[0])), nil }, types: typesOf(func(string) string { return "" }),
		},
		{
			Name: "changed", Signature: "changed(path)",
			Doc:     "Whether a field differs before and after an organization.* change. The path may have dots.",
			Example: `changed("value")`, Result: `false`,
			bound: wordChange, call: changedFunc, types: typesOf(func(*event.Change, string) bool { return false }),
		},
	}
}

func valueFunctions() []Function {
	return []Function{
		{
			Name: "default", Signature: "default(value, other)",
			Doc:     "The value, or other if the value is nil, an empty text or list, or a time that is not set.",
			Example: `default(meeting.zoomMeetingId, "none")`, Result: `"none"`,
			call: defaultFunc, types: typesOf(
				func(string, string) string { return "" },
				func(time.Time, time.Time) time.Time { return time.Time{} },
				func(any, any) any { return nil },
			),
		},
		{
			Name: "json", Signature: "json(value)",
			Doc:     "The value as JSON text on one line.",
			Example: `json({"a": [1, true]})`, Result: `"{\"a\":[1,true]}"`,
			call: func(args ...any) (any, error) {
				return jsonText(args[0])
			}, types: typesOf(func(any) string { return "" }),
		},
		{
			Name: "raw", Signature: "raw(value)",
			Doc:     "The value put in place without the destination's escaping. Only for text that no stranger can write.",
			Example: `raw("<b>")`, Result: `"<b>"`,
			call:  func(args ...any) (any, error) { return rawText{display(args[0])}, nil },
			types: typesOf(func(any) rawText { return rawText{} }),
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
	if isEmpty(args[0]) {
		return args[1], nil
	}
	return args[0], nil
}

func isEmpty(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return x == ""
	case time.Time:
		return x.IsZero()
	case rawText:
		return x.text == ""
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Slice, reflect.Map:
		return r.Len() == 0
	case reflect.Pointer, reflect.Interface:
		return r.IsNil()
	}
	return false
}

// textOf is for arguments that should be text but may be missing.
func textOf(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case rawText:
		return x.text
	}
	return fmt.Sprint(v)
}
