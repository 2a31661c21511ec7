package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// templateFuncs are the words and addresses that templates use. None of them
// returns ready HTML: everything is escaped where it is put.
func templateFuncs(a *assets, now func() time.Time) template.FuncMap {
	return template.FuncMap{
		"asset": a.url, "eventPath": eventPath, "runPath": runPath, "meetingPath": meetingPath,
		"eventName": eventName, "statusWord": statusWord, "outcomeWord": outcomeWord, "causeWord": causeWord,
		"iso": iso, "utc": utc, "clock": func(t time.Time) string { return t.UTC().Format("15:04") }, "took": took, "number": number, "short": short, "pretty": pretty, "verdictWord": verdictWord, "outlookWord": outlookWord, "clip": clip,
		"pieces": pieces, "traceID": traceID, "often": often,
		"fullName": fullName, "fileName": filepath.Base, "stored": stored, "actionName": actionName,
		"ahead": func(t time.Time) bool { return t.After(now()) },
		"pick":  func(m map[event.Status]int, s string) int { return m[event.Status(s)] },
		"plural": func(n int, one, many string) string {
			if n == 1 {
				return "1 " + one
			}
			return number(n) + " " + many
		},
	}
}

// stored sums the runs in the given states up.
func stored(counts map[event.Status]int64, states ...string) int64 {
	var n int64
	for _, s := range states {
		n += counts[event.Status(s)]
	}
	return n
}

// actionName leaves out the number that the engine gives to actions without a
// name.
func actionName(id string) string {
	name, _, _ := strings.Cut(id, "#")
	return name
}

// eventName is the plain name of a type of event.
func eventName(eventType string) string {
	switch eventType {
	case "*":
		return "Any event"
	case event.TypeWebhookTest:
		return "Webhook test"
	case event.TypeScheduled:
		return "Meeting booked"
	case event.TypeRescheduled:
		return "Meeting moved"
	case event.TypeCanceled:
		return "Meeting canceled"
	case event.TypeSettingChanged:
		return "Setting changed"
	case event.TypeProfileChanged:
		return "Profile changed"
	case event.TypeServiceAccountChanged:
		return "Service account changed"
	}
	return eventType
}

func statusWord(s event.Status) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(string(s[:1])) + string(s[1:])
}

func outcomeWord(o event.Outcome) string {
	switch o {
	case event.OutcomeSucceeded:
		return "Done"
	case event.OutcomeFailed:
		return "Failed"
	case event.OutcomeSkipped:
		return "Skipped"
	case event.OutcomeWaited:
		return "Waits"
	case event.OutcomeUnknown:
		return "May have arrived"
	case event.OutcomeInterrupted:
		return "Interrupted by a restart"
	case event.OutcomeHeld:
		return "Held back"
	case event.OutcomeChanged:
		return "Changed"
	}
	return string(o)
}

func causeWord(c event.Cause) string {
	switch c {
	case event.CauseAuth:
		return "credentials refused"
	case event.CauseRateLimited:
		return "asked to slow down"
	case event.CauseClient:
		return "request refused"
	case event.CauseServer:
		return "destination in trouble"
	case event.CauseTimeout:
		return "no answer in time"
	case event.CauseNetwork:
		return "not reachable"
	case event.CauseRefused:
		return "not sent by Gavel"
	case event.CauseExpression:
		return "expression could not be evaluated"
	}
	return string(c)
}

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func utc(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05") + " UTC" }

// took words how long something took.
func took(from, to time.Time) string {
	d := to.Sub(from)
	switch {
	case d < time.Millisecond:
		return "under 1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// number writes 12345 as 12,345.
func number(v any) string {
	var n int64
	switch x := v.(type) {
	case int:
		n = int64(x)
	case int64:
		n = x
	}
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// short is the part of an id that tells it from its neighbours.
func short(id string) string {
	if len(id) <= 16 {
		return id
	}
	return id[:8] + "…" + id[len(id)-6:]
}

// prettyMost bounds how much of a payload a page shows.
const prettyMost = 64 << 10

// pretty indents JSON for reading; what is too long is cut and says so.
func pretty(raw []byte) string {
	var b bytes.Buffer
	if len(raw) > 4*prettyMost || json.Indent(&b, raw, "", "  ") != nil {
		b.Reset()
		b.Write(raw[:min(len(raw), prettyMost)])
	}
	text := strings.ToValidUTF8(b.String(), "\uFFFD")
	if len(text) > prettyMost || len(raw) > b.Len() {
		return visible(strings.ToValidUTF8(text[:min(len(text), prettyMost)], "")) + cutMark
	}
	return visible(text)
}

// cutMark ends what pretty has cut.
const cutMark = "\n… cut here: it is too long for this page"

// often words how often something may happen, given how often in a second.
func often(perSecond float64) string {
	if perSecond >= 1 {
		return strconv.FormatFloat(perSecond, 'g', 4, 64) + " a second"
	}
	if perSecond >= 1.0/60 {
		return strconv.FormatFloat(perSecond*60, 'g', 4, 64) + " a minute"
	}
	return strconv.FormatFloat(perSecond*3600, 'g', 4, 64) + " an hour"
}
