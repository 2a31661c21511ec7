package main

import (
	"fmt"
	"net/http"
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

// sameState are the lists and pages that show runs, for when nearly all runs are
// in the same state.
func sameState(n int, status event.Status) []lookup {
	api := "/api/v1"
	word, deep := string(status), "run-"+fmt.Sprint(1000000000+n/3)
	return []lookup{
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
}
