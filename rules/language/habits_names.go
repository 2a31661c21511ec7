package language

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/spelling"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
)

// nameHint returns the hint for an unknown name.
func nameHint(name string, known []string) string {
	switch strings.ToLower(name) {
	case "null", "none", "undefined":
		return `write nil; missing text is ""`
	case "true", "yes":
		return "write true"
	case "false", "no":
		return "write false"
	case "payload", "body", "trigger", "webhook", "input":
		return "the event's data is in event, meeting, change and data"
	case "steps", "outputs", "results":
		return "write actions.<id>"
	case "invitee", "attendees", "participants", "guests":
		return "write invitees() for all addresses, or meeting.meetingInfo.primaryInvitee"
	case "datetime", "today", "moment":
		return "write now()"
	}
	if name == "Date" {
		return "write now()"
	}
	for _, path := range append(deepFields(name, reflect.TypeFor[event.Meeting](), eval.WordMeeting), deepFields(name, reflect.TypeFor[event.Envelope](), eval.WordEvent)...) {
		return "did you mean " + text.Quote(path) + "?"
	}
	return text.Suggest(name, known)
}

// functionHint returns the hint for an unknown function.
func functionHint(name string, known []string) string {
	switch strings.ToLower(strings.ReplaceAll(name, "_", "")) {
	case "hours", "minutes", "days", "seconds", "timedelta":
		return `compare with a duration, such as duration("24h")`
	case "isempty", "isblank", "isnull", "isnone", "empty", "exists", "defined", "isset":
		return `compare: missing text is "", a missing list has len() 0`
	case "includes", "has":
		return `write: text contains "part"`
	case "tolower", "lowercase", "downcase", "lcase":
		return "write lower(text)"
	case "toupper", "uppercase", "ucase":
		return "write upper(text)"
	case "length", "size", "strlen":
		return "write len(…)"
	case "concat", "concatenate":
		return "join text with +"
	case "strftime", "dateformat", "formatdate", "todate":
		return `write format(time, "2 Jan 2006 15:04", "Europe/Berlin")`
	case "regex", "regexp", "match", "test":
		return `write: text matches "regular expression"`
	case "today", "utcnow", "currenttime", "timestamp":
		return "write now()"
	case "titlecase", "capitalize", "proper", "ucwords":
		return "write title(text)"
	case "regexreplace", "replaceregex", "resub", "replaceall", "gsub":
		return `write regexReplace(text, "[^0-9]", "")`
	case "sha256", "sha", "sha1", "md5":
		return "write hash(text), which is SHA-256"
	case "urlquote", "encodeuricomponent", "encodeuri", "urlescape", "queryescape":
		return "write urlEncode(text)"
	case "substr", "substring", "left", "mid":
		return "write text[0:3]"
	case "if", "iif":
		return "write condition ? one : other"
	case "coalesce", "ifnull", "nvl":
		return "write default(value, other)"
	case "str", "tostring", "text":
		return "write string(…)"
	case "number", "parseint", "tonumber":
		return "write int(…)"
	}
	return text.Suggest(name, known)
}

// fieldHint returns the hint for an unknown field of a struct.
func fieldHint(name string, t reflect.Type, names []string) string {
	if _, ok := spelling.Nearest(name, names); ok {
		return text.Suggest(name, names)
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		return `for parts of a time use format(), weekday(), between() and local(time, "Europe/Berlin").Hour()`
	case reflect.TypeFor[time.Duration]():
		return `compare with a duration, such as duration("24h")`
	case reflect.TypeFor[event.Envelope]():
		if name == "data" || name == "payload" || name == "body" {
			return "the event's data is in meeting, change and data"
		}
	}
	if t == reflect.TypeFor[event.Meeting]() {
		for _, path := range deepFields(name, t, eval.WordMeeting) {
			return "did you mean " + text.Quote(path) + "?"
		}
	}
	return text.Suggest(name, names)
}

// deepFields lists the paths below a struct whose last name is, or ends with,
// this name, ignoring case.
func deepFields(name string, t reflect.Type, prefix string) []string {
	var exact, ends []string
	var walk func(t reflect.Type, prefix string)
	walk = func(t reflect.Type, prefix string) {
		for _, f := range reflect.VisibleFields(t) {
			own := f.Tag.Get("expr")
			if own == "" || own == "-" {
				continue
			}
			path, low, want := prefix+"."+own, strings.ToLower(own), strings.ToLower(strings.ReplaceAll(name, "_", ""))
			switch {
			case low == want:
				exact = append(exact, path)
			case len(want) > 3 && strings.HasSuffix(low, want):
				ends = append(ends, path)
			}
			if f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[time.Time]() {
				walk(f.Type, path)
			}
		}
	}
	walk(t, prefix)
	return append(exact, ends...)
}

// keyHabits maps keys of other tools to Gavel's. The first that is known at the
// place is suggested.
func keyHabits() map[string][]string {
	return map[string][]string{
		"if": {"when"}, "condition": {"when"}, "conditions": {"when"}, "filter": {"when"}, "where": {"when"}, "match": {"when"},
		"on": {"event"}, "trigger": {"event"}, "triggers": {"event"}, "events": {"event"}, "type": {"event", "kind"},
		"then": {"actions"}, "do": {"actions"}, "steps": {"actions"}, "action": {"actions"},
		"title": {"name", "subject"}, "label": {"name"},
		"message": {"text", "message"}, "msg": {"text", "message"}, "content": {"text"}, "body": {"json", "text"}, "data": {"json"}, "payload": {"json"},
		"webhook": {"http"}, "request": {"http"}, "post": {"http"}, "curl": {"http"}, "teams": {"http"}, "mail": {"email"}, "smtp": {"email"},
		"sleep": {"wait"}, "delay": {"wait", "initial", "for"}, "print": {"log"},
		"count": {"max"}, "attempts": {"max"}, "max_attempts": {"max"}, "backoff": {"initial"}, "in": {"within"}, "window": {"within"},
		"key": {"per"}, "group_by": {"per"}, "by": {"per"}, "interval": {"every", "once"}, "params": {"query"}, "verb": {"method"},
		"timezone": {"zone"}, "tz": {"zone"}, "disabled": {"enabled"}, "dry_run": {"mode"}, "duration": {"for"},
		"server": {"host"}, "url": {"base_url", "webhook_url"}, "user": {"username"},
	}
}

// MeantKey returns the known key that an unknown one most likely means.
func MeantKey(got string, known []string) (string, bool) {
	for _, meant := range keyHabits()[strings.ToLower(got)] {
		if slices.Contains(known, meant) {
			return meant, true
		}
	}
	return spelling.Nearest(got, known)
}

// KeyHint returns the hint for an unknown key.
func KeyHint(got string, known []string) string {
	if meant, ok := MeantKey(got, known); ok {
		return "did you mean " + text.Quote(meant) + "?"
	}
	return text.Suggest(got, known)
}
