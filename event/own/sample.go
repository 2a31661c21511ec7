package own

import (
	"reflect"
	"slices"
	"time"
)

// Sample is what an event of this type may say, with a value for each fact that
// it has.
func Sample(eventType string, now time.Time) *Facts {
	s := Facts{
		Rule: "thank-you", Run: "01a2b3c4-0000-7000-8000-000000000000", Action: "http#1", Cause: "timeout", Connection: "crm",
		Issue: "0a1b2c3d4e5f", Event: "evt-1", EventType: "scheduling.smartscheduler.scheduled", Meeting: "meeting-1", Key: "host@acme.example",
		Path: "data.meetingStart", Revision: "0123456789ab", By: "admin", Count: 1,
		Since: now.Add(-time.Hour), Until: now.Add(time.Hour), Due: now,
		Text: sampleText(eventType), URL: "https://gavel.acme.example/",
	}
	known := FieldsOf(eventType)
	v := reflect.ValueOf(&s).Elem()
	for i, name := range FieldNames() {
		if known != nil && !slices.Contains(known, name) {
			v.Field(i).SetZero()
		}
	}
	return &s
}

func sampleText(eventType string) string {
	for _, k := range Kinds() {
		if k.Type == eventType {
			return k.Doc
		}
	}
	return "Something has happened."
}
