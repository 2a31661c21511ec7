package theme

import (
	"html/template"
	"path/filepath"
	"time"

	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/console/words"
	"github.com/gavel-rules/gavel/event"
)

// templateFuncs are the functions of the templates. None of them returns HTML:
// all text is escaped by the template.
func templateFuncs(a *Assets, now func() time.Time) template.FuncMap {
	return template.FuncMap{
		"asset": a.url, "eventPath": query.EventPath, "runPath": query.RunPath, "issuePath": query.IssuePath, "meetingPath": query.MeetingPath, "rulePath": query.RulePath, "connectionPath": query.ConnectionPath, "connectionWord": words.ConnectionWord, "millis": words.Millis, "actionWords": words.ActionWords, "ruleSentence": words.RuleSentence, "numbered": words.Numbered, "dayOf": func(t time.Time) string { return t.UTC().Format("2 Jan") },
		"eventName": words.EventName, "statusWord": words.StatusWord, "outcomeWord": words.OutcomeWord, "causeWord": words.CauseWord,
		"iso": words.ISO, "utc": words.UTC, "clock": func(t time.Time) string { return t.UTC().Format("15:04") }, "took": words.Took, "number": words.Number, "short": words.Short, "pretty": words.Pretty, "verdictWord": words.VerdictWord, "outlookWord": words.OutlookWord, "reading": words.Reading, "clip": words.Clip,
		"pieces": words.Pieces, "once": words.Once, "traceID": words.TraceID, "often": words.Often,
		"fullName": words.FullName, "fileName": filepath.Base, "stored": words.Stored, "actionName": words.ActionName,
		"ahead": func(t time.Time) bool { return t.After(now()) },
		"pick":  func(m map[event.Status]int, s string) int { return m[event.Status(s)] },
		"plural": func(n any, one, many string) string {
			count := words.Number(n)
			if count == "1" {
				return "1 " + one
			}
			return count + " " + many
		},
	}
}
