package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/explain"
	"github.com/gavel-rules/gavel/rules/text"
)

// TestWorkIsBounded evaluates expressions that would run for minutes, or fill
// the memory, if nobody counted.
func TestWorkIsBounded(t *testing.T) {
	t.Parallel()
	ev := bigEvent(t)
	check := func(when, want string) {
		t.Helper()
		set := load(t, fmt.Sprintf("rules: [ { name: r, event: \"*\", when: '%s', actions: [ { note: { text: x } } ] } ]", strings.ReplaceAll(when, "'", "''")))
		verdicts := set.Match(ev)
		if len(verdicts) != 1 || verdicts[0].Err == nil || !strings.Contains(verdicts[0].Err.Error(), want) {
			t.Errorf("%s: got %+v, want an error with %q", when, verdicts, want)
		}
	}
	const tooLong, tooMuch = "takes too many steps", "needs too much memory"
	check(`all(data.big, all(data.big, all(data.big, true)))`, tooLong)
	check(`none(data.big, any(data.big, # == -1))`, tooLong)
	check(`all(data.big, # in data.big)`, tooLong)
	check(`all(data.big, indexOf(meeting.meetingInfo.meetingName, "b") < 0)`, tooLong)
	check(`all(data.big, all(1..100, answer("nope") == ""))`, tooLong)
	check(`any(data.big, "zzz" matches ("(a{1,500})" + string(#)))`, tooLong)
	check(`any(data.big, meeting.meetingInfo.meetingName matches "^(a|aa|aaa)*b(a|b)*c$")`, tooLong)
	check(`any(data.big, string(data.big) == "")`, tooLong)
	check(`len(map(data.big, meeting.meetingInfo.meetingName + meeting.meetingInfo.meetingName)) == 0`, tooLong)
	check(`len(flatten(map(data.big, data.big))) == 0`, tooLong)
	check(`meeting.id matches ("(a{1,1000}){1}" + "(a{1,1000})" + "(a{1,1000})" + "(a{1,1000})" + "(a{1,1000})" + "(a{1,1000})" + string(data.big[0]))`,
		"the regular expression is too large")
	check(`len(reduce(1..99999, #acc + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "")) > 1`, tooLong)
	check(`let a = repeat("x", 5000); let b = a+a+a+a+a+a+a+a; let c = b+b+b+b+b+b+b+b; let d = c+c+c+c+c+c+c+c; len(d) > 1`, tooMuch)
	check(`len(1..1000000000) > 0`, tooMuch)
}

// TestWorkLeavesRoom evaluates what authors do write.
func TestWorkLeavesRoom(t *testing.T) {
	t.Parallel()
	ev := bigEvent(t)
	check := func(when string) {
		t.Helper()
		set := load(t, fmt.Sprintf("vars: { home: [acme.example, b.example] }\nrules: [ { name: r, event: \"*\", when: '%s', actions: [ { note: { text: x } } ] } ]", when))
		verdicts := set.Match(ev)
		if len(verdicts) != 1 || !verdicts[0].Matched {
			t.Errorf("%s: %+v", when, verdicts)
		}
	}
	check(`any(meeting.meetingInfo.formValues, .question == "q1999" and .answerText matches "^v+$")`)
	check(`all(data.big, # >= 0) and len(filter(data.big, int(#) % 2 == 0)) == 10000`)
	check(`sum(map(data.big, # * 2)) > 0 and reduce(data.big, #acc + #, 0) > 0`)
	check(`sort(map(data.big, -#))[0] == -19999`)
	check(`count(meeting.meetingInfo.formValues, lower(.question) startsWith "q1") > 100`)
	check(`let host = "a@acme.example"; any(vars.home, host endsWith "@" + #)`)
	check(`any(split(join(map(1..500, string(#)), ","), ","), # == "499")`)
	check(`meeting.meetingInfo.meetingName matches "^[a-z]{1,200}" and not (meeting.id matches data.name)`)
	check(`all(meeting.meetingInfo.formValues, answer(.question) != "") or true`)
}

func bigEvent(t *testing.T) *event.Event {
	t.Helper()
	var answers, big []string
	for i := range 2000 {
		answers = append(answers, fmt.Sprintf(`{"question":"q%d","answerText":"vvvv"}`, i))
	}
	for i := range 20_000 {
		big = append(big, fmt.Sprint(i))
	}
	ev, err := decode.Event([]byte(fmt.Sprintf(`{"eventId":"e","eventType":"scheduling.smartscheduler.scheduled","eventTimestamp":"2026-03-01T10:00:00Z",
		"data":{"id":"m-1","name":"nobody","big":[%s],"meetingInfo":{"meetingName":%q,"formValues":[%s]}}}`,
		strings.Join(big, ","), strings.Repeat("a", 5000), strings.Join(answers, ","))))
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func TestLargePatternIsRefused(t *testing.T) {
	t.Parallel()
	_, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(`
rules:
  - name: r
    event: "*"
    when: event.eventId matches "a{1000}b{1000}c{1000}d{1000}e{1000}f{1000}"
    actions: [ { note: { text: x } } ]
`)}}, rules.Options{Kinds: kinds()})
	if !findings.HasErrors() || findings[0].Pos.Line != 5 || findings[0].Pos.Column != 33 || !strings.Contains(findings[0].Message, "too large") {
		t.Errorf("findings %v", findings)
	}
}

// TestLongConditionIsExplainedWhole keeps explain from compiling thousands of
// parts that nobody would read.
func TestLongConditionIsExplainedWhole(t *testing.T) {
	t.Parallel()
	long := strings.TrimSuffix(strings.Repeat(`event.eventId != "x" and `, 150), " and ")
	set := load(t, "rules: [ { name: r, event: \"*\", when: '"+long+"', actions: [ { note: { text: x } } ] } ]")
	r := explain.New(set).Explain(bigEvent(t), explain.ExplainOptions{}).Rules[0]
	if r.Verdict != explain.VerdictMatched || !r.When.Decided || len(r.When.Parts) > 0 {
		t.Errorf("%s, with %d parts", r.Verdict, len(r.When.Parts))
	}
}
