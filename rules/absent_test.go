package rules_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/explain"
	"github.com/gavel-rules/gavel/rules/language"
)

// bareBody is a scheduled event that carries next to nothing.
const bareBody = `{"eventId":"e","eventType":"scheduling.smartscheduler.scheduled","eventTimestamp":"2026-03-01T10:00:00Z",
	"data":{"id":"m-1","meetingStart":"2026-03-10T15:00:00Z","zoomMeetingId":null,"score":null,"name":"","n":0}}`

const organizationBody = `{"eventId":"e","eventType":"organization.setting.changed","eventTimestamp":"2026-03-01T10:00:00Z",
	"data":{"previous":{"value":1},"current":{"value":2},"setting":{"name":"Buffer"},"modifiedBy":{"username":"u@acme.example"}}}`

// verdict is true, false, or the error of a condition.
func verdict(t *testing.T, when, body string) string {
	t.Helper()
	set := load(t, "rules:\n  - name: r\n    event: \"*\"\n    when: |-\n      "+when+"\n    actions: [ { note: { text: x } } ]\n")
	verdicts := set.Match(decodeEvent(t, body))
	switch {
	case len(verdicts) == 0:
		return "false"
	case verdicts[0].Err == nil:
		return "true"
	}
	var failed *language.EvalError
	if !errors.As(verdicts[0].Err, &failed) {
		t.Fatalf("%s: %v", when, verdicts[0].Err)
	}
	return failed.Err.Error()
}

// TestAbsent: what an event does not carry is seen by those who ask, and is an
// error for those who calculate with it. It is never true and never false.
func TestAbsent(t *testing.T) {
	t.Parallel()
	check := func(when, want string) {
		t.Helper()
		if got := verdict(t, when, bareBody); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
	}
	for _, when := range []string{
		`meeting.meetingEnd == nil`, `nil == meeting.meetingEnd`, `!(meeting.meetingEnd != nil)`, `not has(meeting.meetingEnd)`,
		`(meeting.meetingEnd ?? meeting.meetingStart) == meeting.meetingStart`,
		`default(meeting.meetingEnd, meeting.meetingStart) == meeting.meetingStart`,
		`let end = meeting.meetingEnd; end == nil`,
		`[meeting.meetingEnd][0] == nil`, `{"a": meeting.meetingEnd}.a == nil`,
		`(meeting.isCanceled ? now() : meeting.meetingEnd) == nil`,
		`event.deliveryAttempt == nil`, `(event.deliveryAttempt ?? 7) == 7`, `default(event.deliveryAttempt, 7) == 7`, `not has(event.deliveryAttempt)`,
		`meeting.zoomMeetingId == nil`, `meeting.zoomMeetingId == ""`, `(meeting.zoomMeetingId ?? "none") == "none"`, `not has(meeting.zoomMeetingId)`,
		`meeting.meetingInfo.formValues == nil`, `len(meeting.meetingInfo.formValues) == 0`, `meeting.meetingOwner == nil`,
		`not meeting.isCanceled`, `meeting != nil`, `has(meeting)`, `change == nil`, `not has(change)`,
		`data.score == nil`, `data.nope.deeper == nil`, `data.nope == ""`, `(data.score ?? 3) == 3`, `not has(data.nope)`, `has(data.n)`,
		`data.nope == []`, `not (data.nope != [])`, `meeting.meetingInfo.surveyQuestions == []`, `toPairs(data.nope) == []`, `type(meeting.meetingEnd) == "nil"`,
		`not (data.vip or data.nope)`, `len(data.nope) == 0`, `none(data.nope, true)`, `upper(data.nope) == ""`,
		`answer("nope") == nil`, `(answer("nope") ?? "x") == "x"`,
		`meeting.id == "m-1" or meeting.meetingEnd < now()`, `any([1, 2], # == 1 or meeting.meetingEnd < now())`,
	} {
		check(when, "true")
	}
	for _, when := range []string{
		`meeting.id != "m-1" and meeting.meetingEnd < now()`, `data.vip`, `data.nope and true`, `not (meeting.meetingEnd == nil)`,
	} {
		check(when, "false")
	}
	const noEnd = "this event has no meetingEnd; check it with has(meeting.meetingEnd) first, or give another value with default(meeting.meetingEnd, …)"
	for _, when := range []string{
		`meeting.meetingEnd < now()`, `meeting.meetingEnd > now()`, `not (meeting.meetingEnd < now())`, `now() >= meeting.meetingEnd`,
		`meeting.meetingEnd - now() < duration("24h")`, `meeting.meetingEnd + duration("1h") < now()`,
		`meeting.meetingEnd == meeting.meetingStart`, `meeting.meetingEnd != meeting.meetingStart`, `meeting.meetingEnd in [now()]`,
		`meeting.meetingEnd.Hour() < 12`, `meeting.meetingEnd.Year() > 0`,
		`local(meeting.meetingEnd, "Europe/Paris").Hour() < 12`, `format(meeting.meetingEnd, "date") == ""`, `weekday(meeting.meetingEnd) == ""`,
		`workday(meeting.meetingEnd, "Europe/Paris")`, `not between(meeting.meetingEnd, "09:00", "17:00", "Europe/Paris")`,
		`addWorkdays(meeting.meetingEnd, 1, "UTC") < now()`, `string(meeting.meetingEnd) == ""`,
		`meeting.id == "x" or meeting.meetingEnd < now()`, `any([1], meeting.meetingEnd < now())`, `len(filter([1], meeting.meetingEnd < now())) == 0`,
		`(meeting.isCanceled ? now() : meeting.meetingEnd) < now()`, `(nil ?? meeting.meetingEnd) < now()`,
		`meeting.meetingStart < meeting.meetingEnd <= now()`,
	} {
		check(when, noEnd)
	}
	check(`event.deliveryAttempt < 3`, "this event has no deliveryAttempt")
	check(`event.deliveryAttempt + 1 == 1`, "this event has no deliveryAttempt")
	check(`data.score > 5`, "this event has no data.score; check it with has(data.score) first")
	check(`data.a.b * 2 == 0`, "this event has no data.a.b")
	check(`-data.score == 0`, "this event has no data.score")
	check(`format(data.start, "date") == ""`, "this event has no data.start")
	check(`any([{"a": 1}], .b > 1)`, "an item of the list has no b")
	check(`let end = meeting.meetingEnd; end < now()`, "end is missing")
}

// TestWithoutMeeting: an event without a meeting does not match a condition
// that needs one, whatever the comparison and wherever it stands.
func TestWithoutMeeting(t *testing.T) {
	t.Parallel()
	check := func(when, want string) {
		t.Helper()
		if got := verdict(t, when, organizationBody); got != want {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
	}
	for _, when := range []string{
		`meeting.meetingStart - now() < duration("24h")`, `not (meeting.meetingStart > now())`, `meeting.meetingInfo.meetingName != "x"`,
		`not meeting.isCanceled`, `not (meeting.isCanceled and true)`, `answer("x") == ""`, `len(invitees()) == 0`,
		`meeting.isCanceled or meeting.id != "x"`, `none(meeting.meetingInfo.formValues, true)`, `meeting.isCanceled ? false : true`,
	} {
		check(when, "false")
	}
	for _, when := range []string{
		`meeting == nil`, `not has(meeting)`, `meeting.meetingEnd == nil`, `event.eventType startsWith "organization."`,
		`meeting.id != "x" or event.eventType startsWith "organization."`, `event.eventType startsWith "organization." or meeting.isCanceled`,
		`not (meeting.isCanceled and event.eventType == "x")`, `change.current.value == 2`, `default(meeting.id, "none") == "none"`,
	} {
		check(when, "true")
	}
	if got := verdict(t, `change.current.value != 2`, bareBody); got != "false" {
		t.Errorf("an event without a change: %s", got)
	}
}

// TestAbsentInTexts: a time that is not there is no text; a text that is not
// there is an empty one.
func TestAbsentInTexts(t *testing.T) {
	t.Parallel()
	set := load(t, noteRule(`text: "at ${{ meeting.meetingEnd }}"`))
	check := func(line, want string) {
		t.Helper()
		set = load(t, noteRule(line))
		scope := set.Scope(set.Rules[0], decodeEvent(t, bareBody), language.ScopeOptions{Now: clock})
		effect, err := set.Rules[0].Actions[0].Action.Prepare(scope)
		got := fmt.Sprint(err)
		if err == nil {
			out := effect.(*rendered)
			got = fmt.Sprint(out.Text, out.HTML, out.URL, out.JSON, out.At)
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	check(`text: "at ${{ meeting.meetingEnd }}"`, "this event has no meetingEnd")
	check(`text: "${{ event.deliveryAttempt }}"`, "this event has no deliveryAttempt")
	check(`html: "<p>${{ meeting.meetingEnd }}</p>"`, "this event has no meetingEnd")
	check(`url: "/a?x=${{ meeting.meetingEnd }}"`, "this event has no meetingEnd")
	check(`at: meeting.meetingEnd`, "this event has no meetingEnd")
	check(`at: meeting.meetingEnd + duration("1h")`, "this event has no meetingEnd")
	check(`at: data.when`, "this event has no data.when")
	check(`json: { end: "${{ meeting.meetingEnd }}", attempt: "${{ event.deliveryAttempt }}", m: "${{ meeting.zoomMeetingId }}" }`,
		"map[attempt:<nil> end:<nil> m:]")
	check(`text: "${{ event }}"`, `[{"deliveryAttempt":null,"deliveryTimestamp":null,`)
	check(`text: "<${{ meeting.zoomMeetingId }}${{ data.nope }}>"`, "<[][]>")
	check(`text: "${{ meeting.meetingEnd ?? \"open\" }}"`, "[open]")
}

func TestExplainTellsWhatIsAbsent(t *testing.T) {
	t.Parallel()
	explained := func(when, body string) *explain.RuleExplanation {
		set := load(t, "rules:\n  - name: r\n    event: \"*\"\n    when: |-\n      "+when+"\n    actions: [ { note: { text: x } } ]\n")
		return explain.New(set).Explain(decodeEvent(t, body), explain.ExplainOptions{}).Rules[0]
	}
	r := explained(`meeting.meetingEnd < now()`, bareBody)
	if r.Verdict != explain.VerdictError || !strings.Contains(r.Reason, "this event has no meetingEnd") {
		t.Errorf("absent: %s: %s", r.Verdict, r.Reason)
	}
	r = explained(`meeting.meetingEnd < now()`, organizationBody)
	if r.Verdict != explain.VerdictNoMatch || !strings.Contains(r.Reason, "this event has no meeting, which its condition needs: meeting.meetingEnd < now()") {
		t.Errorf("without a meeting: %s: %s", r.Verdict, r.Reason)
	}
	r = explained(`(meeting.zoomMeetingId ?? "none") == "none"`, bareBody)
	if r.Verdict != explain.VerdictMatched {
		t.Errorf("another value: %s: %s", r.Verdict, r.Reason)
	}
}

// TestImpossibleWords: a rule that only hears of events without a meeting
// cannot use it, and that is told when it is loaded.
func TestImpossibleWords(t *testing.T) {
	t.Parallel()
	check := func(eventTypes, when, want string) {
		t.Helper()
		f := findings("rules:\n  - name: r\n    event: " + eventTypes + "\n    when: " + when + "\n    actions: [ { note: { text: x } } ]\n")
		got := printed(f)
		if want == "" && f.HasErrors() || !strings.Contains(got, want) {
			t.Errorf("%s, %s: %s, want %q", eventTypes, when, got, want)
		}
	}
	check(event.TypeSettingChanged, `meeting.id == "x"`, `events of type organization.setting.changed have no meeting`)
	check("[organization.setting.changed, organization.profile.changed]", `answer("x") == "y"`, `organization.setting.changed and organization.profile.changed have no meeting`)
	check(event.TypeScheduled, `change.current.value == 1`, `have no change`)
	check(event.TypeWebhookTest, `has(meeting)`, `have no meeting`)
	check("[organization.setting.changed, scheduling.smartscheduler.scheduled]", `meeting.id == "x"`, "")
	check(`"organization.*"`, `meeting.id == "x"`, "")
	check(`organization.new.changed`, `meeting.id == "x"`, "")
}
