package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// lookup is one list, or one filter of it, as a person or a program asks for it.
type lookup struct {
	name, path string
	status     int // 0 means 200
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
		{name: "events, word and type", path: api + "/events?q=oldtimer&type=" + event.TypeProfileChanged},
		{name: "events, word and owner", path: api + "/events?q=guest12&owner=owner7"},
		{name: "events, word, owner, type, day", path: api + "/events?q=guest&owner=owner7&since=24h&type=" + event.TypeScheduled},
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

// runLists answers: with a million events and runs stored, how much longer
// than reading one event does the first page of each list, and of each filter,
// take?
func runLists(ctx context.Context, b *bench) ([]*report, error) {
	r := newReport("lists", fmt.Sprintf("%d events and as many runs stored; each list asked for %d times over HTTP, all in turn; times to the last byte",
		b.stored, b.looks))
	r.Table = &table{Columns: []string{"p50 ms", "p99 ms", "p99 to the point read's"}}
	places, err := b.places(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, place := range places {
		if err := b.measureLists(ctx, r, place); err != nil {
			return nil, fmt.Errorf("%s: %w", place.name, err)
		}
	}
	return []*report{r}, nil
}

func (b *bench) measureLists(ctx context.Context, r *report, place waitingPlace) error {
	url, drop, err := place.make(ctx, "lists")
	if err != nil {
		return err
	}
	defer func() { _ = drop() }() // what stays goes with the server or the folder
	b.say("lists: %s: storing %d events and runs", place.name, b.stored)
	if err := b.fillLists(ctx, place, url, bulk{}); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(b.dir, "lists-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	f, err := b.startFleet(ctx, dir, url, "http://127.0.0.1:9", 1)
	if err != nil {
		return err
	}
	defer f.stop()
	b.say("lists: %s: looking", place.name)
	list := lookups(b.stored)
	times := make([][]time.Duration, len(list))
	for n := range b.looks + 2 {
		for i, l := range list {
			took, err := ask(ctx, "http://"+f.metrics[0]+l.path, l.status)
			if err != nil {
				return fmt.Errorf("%s: %w\n%s", l.name, err, f.lastWords())
			}
			if n >= 2 { // the first find nothing in the page cache
				times[i] = append(times[i], took)
			}
		}
	}
	b.addLists(r, place.name, list, times)
	return nil
}

// addLists adds the rows of one database, and the worst of them as what is
// aimed at.
func (b *bench) addLists(r *report, place string, list []lookup, times [][]time.Duration) {
	base, worst, slowest, page := 0.0, 0.0, 0.0, 0.0
	for i, l := range list {
		slices.Sort(times[i])
		p99 := milliseconds(quantile(times[i], 0.99))
		if l.name == pointRead {
			base = p99
		}
		r.addRow(place+", "+l.name, milliseconds(quantile(times[i], 0.5)), p99, p99/base)
		worst = max(worst, p99/base)
		if strings.HasPrefix(l.name, "page: ") {
			page = max(page, p99)
		} else {
			slowest = max(slowest, p99)
		}
	}
	r.aim(place+": the slowest list's p99 to that of a point read", worst, listsRatio)
	r.aim(place+": ms of the slowest list, p99", slowest, listsP99)
	r.aim(place+": ms of the slowest page, p99", page, pagesP99)
}

// ask returns how long an answer took to its last byte.
func ask(ctx context.Context, url string, status int) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	n, err := drainBody(res)
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	if status == 0 {
		status = http.StatusOK
	}
	if res.StatusCode != status || n == 0 {
		return 0, fmt.Errorf("GET %s: %s with %d bytes, want %d", url, res.Status, n, status)
	}
	return took, nil
}

func drainBody(res *http.Response) (int64, error) {
	defer res.Body.Close()
	return io.Copy(io.Discard, res.Body)
}
