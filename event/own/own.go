// Package own has the vocabulary of Gavel's own events: those that Gavel makes
// about itself, such as a failed run, and matches like any other.
package own

import (
	"reflect"
	"slices"
	"strings"
	"time"
)

// Prefix begins the types of Gavel's own events. Nobody else may send them.
const Prefix = "gavel."

// The types of Gavel's own events.
const (
	TypeRunFailed           = "gavel.run.failed"
	TypeIssueOpened         = "gavel.issue.opened"
	TypeIssueResolved       = "gavel.issue.resolved"
	TypeConnectionFailing   = "gavel.connection.failing"
	TypeConnectionRecovered = "gavel.connection.recovered"
	TypeConnectionPaused    = "gavel.connection.paused"
	TypeSourceQuiet         = "gavel.source.quiet"
	TypeSourceBack          = "gavel.source.back"
	TypeRulesLoaded         = "gavel.rules.loaded"
	TypeRulesRejected       = "gavel.rules.rejected"
	TypeSchemaDrift         = "gavel.schema.drift"

	// An event of these types is for one rule alone: that in Facts.Rule.
	TypeScheduleDue = "gavel.schedule.due"
	TypeAbsence     = "gavel.absence"
)

// Facts are what an own event says. Every type has some of the fields; see
// FieldsOf. The others are absent.
type Facts struct {
	Rule       string    `json:"rule,omitempty" expr:"rule" doc:"Name of the rule."`
	Run        string    `json:"run,omitempty" expr:"run" doc:"Id of the run; the newest one if there are several."`
	Action     string    `json:"action,omitempty" expr:"action" doc:"Id of the action that failed; absent if the run failed as a whole."`
	Cause      string    `json:"cause,omitempty" expr:"cause" doc:"Why it failed, in one word, such as timeout."`
	Connection string    `json:"connection,omitempty" expr:"connection" doc:"Name of the connection; absent if it went over none."`
	Issue      string    `json:"issue,omitempty" expr:"issue" doc:"Id of the issue."`
	Event      string    `json:"event,omitempty" expr:"event" doc:"Id of the event that this is about."`
	EventType  string    `json:"event_type,omitempty" expr:"event_type" doc:"Type of the event that this is about."`
	Meeting    string    `json:"meeting,omitempty" expr:"meeting" doc:"Id of the meeting that this is about."`
	Key        string    `json:"key,omitempty" expr:"key" doc:"The value of per."`
	Path       string    `json:"path,omitempty" expr:"path" doc:"The field that differs from the documentation."`
	Revision   string    `json:"revision,omitempty" expr:"revision" doc:"Revision of the rules."`
	By         string    `json:"by,omitempty" expr:"by" doc:"Who did it."`
	Count      int       `json:"count,omitempty" expr:"count" doc:"How many there are."`
	Since      time.Time `json:"since,omitzero" expr:"since" doc:"When it began."`
	Until      time.Time `json:"until,omitzero" expr:"until" doc:"When it ends; absent if it does not end by itself."`
	Due        time.Time `json:"due,omitzero" expr:"due" doc:"When it was due."`
	Text       string    `json:"text,omitempty" expr:"text" doc:"What happened, in words."`
	URL        string    `json:"url,omitempty" expr:"url" doc:"Link to the console; absent without --console-url."`
}

// none is the Facts of every other event.
var none = &Facts{}

// None are the facts of an event that is not Gavel's own. Nobody may change
// them.
func None() *Facts { return none }

// Kind is one type of own event.
type Kind struct {
	Type string
	// Doc says in a sentence when it happens.
	Doc string
	// ForRule says that an event is for one rule alone, which nobody names in
	// event:.
	ForRule bool
	// Fields are the names of the facts that it has.
	Fields []string
}

// Kinds lists all types of own events.
func Kinds() []Kind {
	return []Kind{
		{TypeRunFailed, "A run has failed for good: it is not retried any more.", false, fields("rule run action cause connection issue event event_type meeting count revision")},
		{TypeIssueOpened, "A rule fails in a way that it did not fail before, or no longer did.", false, fields("issue rule run action cause connection count since")},
		{TypeIssueResolved, "No run of an issue is failed any more.", false, fields("issue rule action cause connection since by")},
		{TypeConnectionFailing, "A connection keeps failing; what goes over it is held back.", false, fields("connection cause since")},
		{TypeConnectionRecovered, "A connection that failed works again.", false, fields("connection since")},
		{TypeConnectionPaused, "Somebody has paused a connection.", false, fields("connection since until by")},
		{TypeSourceQuiet, "No event has come for longer than expected.", false, fields("since due")},
		{TypeSourceBack, "Events come again.", false, fields("since")},
		{TypeRulesLoaded, "Changed rules have taken effect.", false, fields("revision count")},
		{TypeRulesRejected, "Changed rules have errors, so the last good ones stay in effect.", false, fields("revision count")},
		{TypeSchemaDrift, "Events differ from the documentation in a way that was not seen before.", false, fields("path event event_type")},
		{TypeScheduleDue, "A rule with schedule is due.", true, fields("rule since due count")},
		{TypeAbsence, "A key that a rule with absence lists is watched from now on.", true, fields("rule key since")},
	}
}

// fields adds to some names those that every type has.
func fields(names string) []string { return append(strings.Fields(names), "text", "url") }

// Types lists the types that rules can name in event:.
func Types() []string {
	var out []string
	for _, k := range Kinds() {
		if !k.ForRule {
			out = append(out, k.Type)
		}
	}
	return out
}

// Is reports whether an event of this type is Gavel's own.
func Is(eventType string) bool { return strings.HasPrefix(eventType, Prefix) }

// ForRule reports whether events of this type are for one rule alone.
func ForRule(eventType string) bool { return eventType == TypeScheduleDue || eventType == TypeAbsence }

// FieldsOf returns the names of the facts that events of this type have; nil if
// the type is not known.
func FieldsOf(eventType string) []string {
	for _, k := range Kinds() {
		if k.Type == eventType {
			return k.Fields
		}
	}
	return nil
}

// FieldNames lists all facts, in the order of Facts.
func FieldNames() []string {
	var out []string
	for f := range reflect.TypeFor[Facts]().Fields() {
		out = append(out, f.Tag.Get("expr"))
	}
	return out
}

// Lacks reports whether no event of these types has the fact.
func Lacks(types []string, field string) bool {
	return len(types) > 0 && !slices.ContainsFunc(types, func(t string) bool {
		known := FieldsOf(t)
		return known == nil || slices.Contains(known, field)
	})
}
