package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// lookup is one list, or one filter of it, as a person or a program asks for it.
type lookup struct {
	name, path string
	status     int // 0 means 200
	// fresh adds the number of the look to the path, so that no look can be
	// answered with what was kept of the one before.
	fresh bool
}

// pointRead is what all others are compared with: one event by its id, with
// its runs, through the same door.
const pointRead = "one event by its id"

const (
	// busyMeeting has about a thousand of a million events.
	busyMeeting = "meeting-busy"
	// bigIssue has half of the runs that have failed.
	bigIssue = "issue-0"
	// heldBy is the pause that holds every fifth run when all wait.
	heldBy = "connection/crm"
)

// listRules are the rules that the stored runs are of: a wait, then a message.
func listRules() string {
	var out strings.Builder
	out.WriteString("connections:\n  crm: { kind: http, base_url: http://127.0.0.1:9 }\nrules:\n")
	names := []string{"rare-rule", "old-rule"}
	for i := range 50 {
		names = append(names, fmt.Sprintf("rule-%d", i))
	}
	for _, name := range names {
		fmt.Fprintf(&out, `  - name: %s
    event: scheduling.smartscheduler.scheduled
    actions:
      - wait: { for: 1d }
      - http: { connection: crm, url: /notes, json: { name: "${{ meeting.meetingInfo.meetingName }}" } }
`, name)
	}
	return out.String()
}

// lookups are all that is measured. What is rare is there twice in all; what
// is old is frequent, but only among the oldest tenth; what is absent is not
// there at all.
func lookups(n int) []lookup {
	api, day := "/api/v1", 24*time.Hour
	at := func(ago time.Duration) string { return time.Now().Add(-ago).UTC().Format(time.RFC3339) }
	deep := fmt.Sprint(n / 3)
	return []lookup{
		{name: pointRead, path: fmt.Sprintf("%s/events/event-%d", api, n/2)},
		{name: "page: overview", path: "/"},
		{name: "page: events", path: "/events"},
		{name: "page: runs", path: "/runs"},
		{name: "page: rules", path: "/rules"},
		{name: "page: analytics", path: "/analytics?since=90d&late=24h&top=", fresh: true},
		{name: "page: a meeting", path: "/meetings/meeting-7"},
		{name: "page: one event", path: fmt.Sprintf("/events/event-%d", n/2)},
		{name: "page: one run", path: fmt.Sprintf("/runs/run-%d", 1000000000+n/2-1)},
		{name: "status", path: api + "/status"},
		{name: "events", path: api + "/events"},
		{name: "events, deep", path: api + "/events?cursor=" + deep},
		{name: "events, type frequent", path: api + "/events?type=" + event.TypeScheduled},
		{name: "events, type rare", path: api + "/events?type=" + event.TypeSettingChanged},
		{name: "events, type old", path: api + "/events?type=" + event.TypeProfileChanged},
		{name: "events, type absent", path: api + "/events?type=" + event.TypeWebhookTest},
		{name: "events, pattern", path: api + "/events?type=organization.*"},
		{name: "events, pattern absent", path: api + "/events?type=nothing.*"},
		{name: "events, type deep", path: api + "/events?type=" + event.TypeScheduled + "&cursor=" + deep},
		{name: "events, meeting", path: api + "/events?meeting=meeting-7"},
		{name: "events, meeting and type", path: api + "/events?meeting=meeting-7&type=" + event.TypeScheduled},
		{name: "events, meeting absent", path: api + "/events?meeting=none"},
		{name: "events, last day", path: api + "/events?since=24h"},
		{name: "events, until ten days ago", path: api + "/events?until=" + at(10*day)},
		{name: "events, an hour of old", path: api + "/events?since=" + at(20*day) + "&until=" + at(20*day-time.Hour)},
		{name: "events, type in an hour of old", path: api + "/events?type=" + event.TypeSettingChanged + "&since=" + at(20*day) + "&until=" + at(20*day-time.Hour)},
		{name: "events, matched", path: api + "/events?outcome=matched"},
		{name: "events, unmatched", path: api + "/events?outcome=unmatched"},
		{name: "events, late", path: api + "/events?outcome=late"},
		{name: "events, repeated", path: api + "/events?outcome=repeated"},
		{name: "events, unmatched of a rare type", path: api + "/events?outcome=unmatched&type=" + event.TypeSettingChanged},
		{name: "events, late of an old type", path: api + "/events?outcome=late&type=" + event.TypeProfileChanged},
		{name: "events, owner frequent", path: api + "/events?owner=owner7"},
		{name: "events, owner rare", path: api + "/events?owner=rarely"},
		{name: "events, owner old", path: api + "/events?owner=formerly"},
		{name: "events, owner absent", path: api + "/events?owner=nobody"},
		{name: "events, word in all", path: api + "/events?q=acme"},
		{name: "events, word frequent", path: api + "/events?q=guest12"},
		{name: "events, word rare", path: api + "/events?q=zebulon"},
		{name: "events, word old", path: api + "/events?q=oldtimer"},
		{name: "events, word absent", path: api + "/events?q=xyzzy"},
		{name: "events, two words", path: api + "/events?q=guest12+family77"},
		{name: "events, beginning of an id", path: api + "/events?q=event-7777"},
		{name: "events, word and type", path: api + "/events?q=oldtimer&type=" + event.TypeCanceled},
		{name: "events, word and owner", path: api + "/events?q=guest12&owner=owner7"},
		{name: "events, word, owner, type, day", path: api + "/events?q=guest&owner=owner7&since=24h&type=" + event.TypeScheduled},
		{name: "events, one letter", path: api + "/events?q=g"},
		{name: "events, one letter, owner rare", path: api + "/events?q=g&owner=rarely"},
		{name: "events, two letters, owner absent", path: api + "/events?q=gu&owner=nobody"},
		{name: "events, beginnings in all, word rare", path: api + "/events?q=o+a+e+zebulon"},
		{name: "events, word deep", path: api + "/events?q=guest12&cursor=" + deep},
		{name: "runs", path: api + "/runs"},
		{name: "runs, deep", path: api + "/runs?cursor=run-" + fmt.Sprint(1000000000+n/3)},
		{name: "runs, succeeded", path: api + "/runs?status=succeeded"},
		{name: "runs, failed", path: api + "/runs?status=failed"},
		{name: "runs, pending or running", path: api + "/runs?status=pending,running"},
		{name: "runs, failed or waiting", path: api + "/runs?status=failed,waiting"},
		{name: "runs, failed in the last day", path: api + "/runs?status=failed&since=24h"},
		{name: "runs, rule frequent", path: api + "/runs?rule=rule-7"},
		{name: "runs, rule rare", path: api + "/runs?rule=rare-rule"},
		{name: "runs, rule old", path: api + "/runs?rule=old-rule"},
		{name: "runs, rule absent", path: api + "/runs?rule=none"},
		{name: "runs, rule and failed", path: api + "/runs?rule=rule-1&status=failed"},
		{name: "runs, rule old and failed", path: api + "/runs?rule=old-rule&status=failed"},
		{name: "runs, rule and canceled, absent", path: api + "/runs?rule=rule-1&status=canceled"},
		{name: "runs, rule and succeeded, deep", path: api + "/runs?rule=rule-5&status=succeeded&cursor=run-" + fmt.Sprint(1000000000+n/3)},
		{name: "runs, event", path: fmt.Sprintf("%s/runs?event=event-%d", api, n/2)},
		{name: "runs, meeting", path: api + "/runs?meeting=meeting-7"},
		{name: "runs, shadow", path: api + "/runs?shadow=true"},
		{name: "runs, until ten days ago", path: api + "/runs?until=" + at(10*day)},
		{name: "meeting", path: api + "/meetings/meeting-7"},
		{name: "meeting absent", path: api + "/meetings/none", status: http.StatusNotFound},
		{name: "rules", path: api + "/rules"},
	}
}

// overviews are the lists and pages of what is wrong, held and to come, in
// whatever state the runs are. An issue exists if runs have failed.
func overviews(n int, failed bool) []lookup {
	api, issue := "/api/v1", 0
	if !failed {
		issue = http.StatusNotFound
	}
	due := fmt.Sprintf("%d-run-%d", time.Now().Add(farOff).UnixMicro()+int64(n/2)*1000, 1000000000+n/2)
	return []lookup{
		{name: "page: a meeting with many events", path: "/meetings/" + busyMeeting},
		{name: "page: runs, failed", path: "/runs?status=failed"},
		{name: "page: runs by due time", path: "/runs?sort=due&status=waiting"},
		{name: "page: issues", path: "/issues"},
		{name: "page: issues, all states, one rule", path: "/issues?state=all&rule=rule-7"},
		{name: "page: one issue", path: "/issues/" + bigIssue, status: issue},
		{name: "page: scheduled", path: "/scheduled"},
		{name: "page: scheduled, deep", path: "/scheduled?cursor=" + due},
		{name: "page: scheduled, rule frequent", path: "/scheduled?rule=rule-7"},
		{name: "page: scheduled, rule absent", path: "/scheduled?rule=none"},
		{name: "page: scheduled, connection", path: "/scheduled?connection=crm"},
		{name: "page: scheduled, connection absent", path: "/scheduled?connection=none"},
		{name: "page: scheduled, held", path: "/scheduled?held=" + heldBy},
		{name: "page: scheduled, held absent", path: "/scheduled?held=rule/none"},
		{name: "page: retrying an issue", path: "/issues/" + bigIssue + "/retry", status: issue},
		{name: "page: refused", path: "/refused"},
		{name: "page: search, word rare", path: "/search?q=zebulon"},
		{name: "page: pauses", path: "/pauses"},
		{name: "page: pausing a rule", path: "/pauses/new?key=rule/rule-7"},
		{name: "page: rules that never matched", path: "/rules?show=never"},
		{name: "page: rules that fail", path: "/rules?show=failing"},
		{name: "page: one rule", path: "/rules/rule-7"},
		{name: "page: connections", path: "/connections"},
		{name: "page: one connection", path: "/connections/crm"},
		{name: "issues", path: api + "/issues"},
		{name: "one issue", path: api + "/issues/" + bigIssue, status: issue},
		{name: "issue absent", path: api + "/issues/none", status: http.StatusNotFound},
		{name: "refused", path: api + "/refused"},
		{name: "scheduled", path: api + "/scheduled"},
		{name: "pauses", path: api + "/pauses"},
		{name: "runs by due time", path: api + "/runs?sort=due&status=waiting"},
		{name: "runs by due time, rule", path: api + "/runs?sort=due&status=waiting&rule=rule-7"},
		{name: "connections", path: api + "/connections"},
		{name: "one connection", path: api + "/connections/crm"},
		{name: "one rule", path: api + "/rules/rule-7"},
	}
}

// sameState are the lists and pages that show runs, for when nearly all runs are
// in the same state.
func sameState(n int, status event.Status) []lookup {
	api := "/api/v1"
	word, deep := string(status), "run-"+fmt.Sprint(1000000000+n/3)
	list := []lookup{
		{name: pointRead, path: fmt.Sprintf("%s/events/event-%d", api, n/2)},
		{name: "page: overview", path: "/"},
		{name: "page: runs", path: "/runs"},
		{name: "page: runs by status", path: "/runs?status=" + word},
		{name: "page: runs by rule and status", path: "/runs?rule=rule-7&status=" + word},
		{name: "page: rules", path: "/rules"},
		{name: "page: analytics", path: "/analytics?since=90d&late=24h&top=", fresh: true},
		{name: "page: a meeting", path: "/meetings/meeting-7"},
		{name: "page: one run", path: fmt.Sprintf("/runs/run-%d", 1000000000+n/2-1)},
		{name: "status", path: api + "/status"},
		{name: "metrics", path: "/metrics"},
		{name: "rules", path: api + "/rules"},
		{name: "runs", path: api + "/runs"},
		{name: "runs by status", path: api + "/runs?status=" + word},
		{name: "runs by status, deep", path: api + "/runs?status=" + word + "&cursor=" + deep},
		{name: "runs by another status", path: api + "/runs?status=canceled"},
		{name: "runs, pending or running", path: api + "/runs?status=pending,running"},
		{name: "runs, failed or waiting", path: api + "/runs?status=failed,waiting"},
		{name: "runs by status, last day", path: api + "/runs?since=24h&status=" + word},
		{name: "runs by status, until ten days ago", path: api + "/runs?status=" + word + "&until=" + time.Now().Add(-10*24*time.Hour).UTC().Format(time.RFC3339)},
		{name: "runs, rule frequent", path: api + "/runs?rule=rule-7&status=" + word},
		{name: "runs, rule rare", path: api + "/runs?rule=rare-rule&status=" + word},
		{name: "runs, rule old", path: api + "/runs?rule=old-rule&status=" + word},
		{name: "runs, rule and succeeded, absent", path: api + "/runs?rule=rule-7&status=succeeded"},
		{name: "runs, shadow", path: api + "/runs?shadow=true&status=" + word},
		{name: "runs, meeting", path: api + "/runs?meeting=meeting-7&status=" + word},
	}
	if status == event.StatusWaiting {
		list = append(list, lookup{name: "page: resuming", path: "/pauses/resume?key=" + heldBy})
	}
	return append(list, overviews(n, status == event.StatusFailed)...)
}
