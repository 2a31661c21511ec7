// Package words turns values into plain text, for pages and programs.
package words

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
)

// Stored adds up the runs in the given states.
func Stored(counts map[event.Status]int64, states ...string) int64 {
	var n int64
	for _, s := range states {
		n += counts[event.Status(s)]
	}
	return n
}

// ActionName removes the number that the engine adds to actions without a
// name.
func ActionName(id string) string {
	return actionNumber.ReplaceAllString(id, "")
}

var actionNumber = regexp.MustCompile(`#\d+`)

// EventName returns the plain name of an event type.
func EventName(eventType string) string {
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
	case own.TypeRunFailed:
		return "Run failed"
	case own.TypeIssueOpened:
		return "Issue opened"
	case own.TypeIssueResolved:
		return "Issue resolved"
	case own.TypeConnectionFailing:
		return "Connection failing"
	case own.TypeConnectionRecovered:
		return "Connection recovered"
	case own.TypeConnectionPaused:
		return "Connection paused"
	case own.TypeSourceQuiet:
		return "No events come"
	case own.TypeSourceBack:
		return "Events come again"
	case own.TypeRulesLoaded:
		return "Rules loaded"
	case own.TypeRulesRejected:
		return "Rules rejected"
	case own.TypeSchemaDrift:
		return "Events differ"
	case own.Prefix + "*":
		return "Gavel's own"
	}
	return eventType
}

// StatusWord returns the state of a run as a heading.
func StatusWord(s event.Status) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(string(s[:1])) + string(s[1:])
}

// OutcomeWord returns the outcome of an attempt.
func OutcomeWord(o event.Outcome) string {
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

// CauseWord says why an attempt failed.
func CauseWord(c event.Cause) string {
	switch c {
	case event.CauseAuth:
		return "credentials refused"
	case event.CauseRateLimited:
		return "asked us to wait (429)"
	case event.CauseClient:
		return "request refused"
	case event.CauseServer:
		return "server error (5xx)"
	case event.CauseTimeout:
		return "timed out"
	case event.CauseNetwork:
		return "not reachable"
	case event.CauseRefused:
		return "not sent by Gavel"
	case event.CauseExpression:
		return "expression could not be evaluated"
	case event.CauseInterrupted:
		return "interrupted; it may have arrived"
	case event.CauseInternal:
		return "could not be carried out"
	}
	return string(c)
}

// ISO formats a time for scripts.
func ISO(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// UTC formats a time for people without the script.
func UTC(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05") + " UTC" }

// Took returns how long something took.
func Took(from, to time.Time) string {
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

// Number formats 12345 as 12,345.
func Number(v any) string {
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

// Short shortens an id so that it still differs from its neighbors.
func Short(id string) string {
	if len(id) <= 16 {
		return id
	}
	return id[:8] + "…" + id[len(id)-6:]
}

// prettyMost bounds how much of a payload a page shows, in bytes.
const prettyMost = 64 << 10

// Pretty indents JSON for reading; CutMark follows if it was cut.
func Pretty(raw []byte) string {
	var b bytes.Buffer
	cut := false
	if len(raw) > 4*prettyMost || json.Indent(&b, raw, "", "  ") != nil {
		cut = len(raw) > prettyMost
		b.Reset()
		b.Write(raw[:min(len(raw), prettyMost)])
	}
	text := strings.ToValidUTF8(b.String(), "\uFFFD")
	if cut || len(text) > prettyMost {
		return visible(strings.ToValidUTF8(text[:min(len(text), prettyMost)], "")) + CutMark
	}
	return visible(text)
}

// CutMark ends what Pretty has cut.
const CutMark = "\n… cut here: it is too long for this page"

// Often turns a rate per second into words.
func Often(perSecond float64) string {
	if perSecond >= 1 {
		return strconv.FormatFloat(perSecond, 'g', 4, 64) + " a second"
	}
	if perSecond >= 1.0/60 {
		return strconv.FormatFloat(perSecond*60, 'g', 4, 64) + " a minute"
	}
	return strconv.FormatFloat(perSecond*3600, 'g', 4, 64) + " an hour"
}

// Clip cuts a text to that many characters.
func Clip(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most-1]) + "…"
}

// Lasting returns a rough duration in words.
func Lasting(d time.Duration) string {
	const day = 24 * time.Hour
	for _, unit := range []struct {
		length    time.Duration
		one, many string
	}{{day, "1 day", "days"}, {time.Hour, "1 hour", "hours"}, {time.Minute, "1 minute", "minutes"}, {time.Second, "1 second", "seconds"}} {
		switch n := int(d / unit.length); {
		case n == 1:
			return unit.one
		case n > 1:
			return Number(n) + " " + unit.many
		}
	}
	return "less than a second"
}

// FullName is the name of a person.
func FullName(p event.Person) string { return strings.TrimSpace(p.FirstName + " " + p.LastName) }
