package query_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

func now() time.Time { return time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC) }

func values(t *testing.T, address string) url.Values {
	t.Helper()
	v, err := url.ParseQuery(address)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestParseEvents(t *testing.T) {
	t.Parallel()
	check := func(address string, want event.EventFilter) {
		t.Helper()
		if want.Limit == 0 {
			want.Limit = 50
		}
		q, err := query.ParseEvents(values(t, address), now())
		if err != nil {
			t.Errorf("%s: %v", address, err)
		}
		if diff := cmp.Diff(want, q.EventFilter); diff != "" {
			t.Errorf("%s (-want +got)\n%s", address, diff)
		}
	}
	check("", event.EventFilter{})
	check("type=+a.b+&meeting=org/m", event.EventFilter{Type: "a.b", MeetingID: "org/m"})
	check("type=*", event.EventFilter{Type: "*"})
	check("type=a.*", event.EventFilter{Type: "a.*"})
	check("type=%C3%A9%FF", event.EventFilter{Type: "é"})
	check("type="+strings.Repeat("x", 256), event.EventFilter{Type: strings.Repeat("x", 256)})
	for _, fate := range event.Fates() {
		check("outcome="+string(fate), event.EventFilter{Fate: fate})
	}
	check("limit=1", event.EventFilter{Limit: 1})
	check("limit=500", event.EventFilter{Limit: 500})
	check("cursor=1", event.EventFilter{Before: 1})
	for text, want := range map[string]time.Time{
		"2026-03-09T09:30:00Z": time.Date(2026, 3, 9, 9, 30, 0, 0, time.UTC), "2026-03-09T09:30:00%2B02:00": time.Date(2026, 3, 9, 7, 30, 0, 0, time.UTC),
		"2026-03-09T09:30": time.Date(2026, 3, 9, 9, 30, 0, 0, time.UTC), "2026-03-09": time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC),
		"0001-01-02": time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), "9999-12-31": time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
		"1d": now().AddDate(0, 0, -1), "36500d": now().Add(-36500 * 24 * time.Hour), "90m": now().Add(-90 * time.Minute), "1ns": now().Add(-1),
	} {
		check("since="+text, event.EventFilter{Since: want})
		check("until="+text, event.EventFilter{Until: want})
	}
}

// refused wants an error that a client can mend, with all of the words in it.
func refused(t *testing.T, address string, err error, words ...string) {
	t.Helper()
	if !errors.Is(err, event.ErrInvalid) {
		t.Errorf("%s: %v is not the fault of who asks", address, err)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: %q does not say %q", address, err, w)
		}
	}
}

func TestParseEventsRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 257)
	for address, want := range map[string]string{
		"limit=0": "must be a number from 1 to 500", "limit=501": "from 1 to 500", "limit=-1": "limit=", "limit=1.5": `limit="1.5"`,
		"cursor=0": "cursor of an earlier answer", "cursor=-1": "cursor=", "cursor=x": "cursor=",
		"outcome=good": "must be one of matched, unmatched, late, repeated",
		"type=a*b":     "one * at its end", "type=**": "one * at its end", "type=*a": "one * at its end",
		"type=" + long: "at most 256 characters", "meeting=" + long: "at most 256 characters", "q=" + long: "q=", "owner=" + long: "owner=",
		"q=a%00": "none of them control characters", "q=a%7Fb": "control characters", "q=a%1Fb": "control characters",
		"since=soon": "write a time such as 2026-01-31T09:30:00Z, a day, or how long ago: 90m, 24h, 7d", "until=soon": "until=",
		"since=0d": "since=", "since=-1d": "since=", "since=36501d": "since=", "since=0s": "since=", "since=-5m": "since=", "since=0000-01-01": "since=",
		// The first mistake is told, in the order of the parameters.
		"limit=0&outcome=good": "limit=", "type=" + long + "&limit=0": "type=",
	} {
		_, err := query.ParseEvents(values(t, address), now())
		refused(t, address, err, want)
		if err != nil && len(err.Error()) > 300 {
			t.Errorf("%s: the error repeats all of it: %v", address, err)
		}
	}
	if _, err := query.ParseEvents(values(t, "q=+!+"), now()); err != nil {
		t.Errorf("a search for no letter: %v", err)
	}
}

func TestParseRuns(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	check := func(address string, want event.RunFilter) {
		t.Helper()
		if want.Limit == 0 {
			want.Limit = 50
		}
		f, err := query.ParseRuns(values(t, address), now())
		if err != nil {
			t.Errorf("%s: %v", address, err)
		}
		if diff := cmp.Diff(want, f); diff != "" {
			t.Errorf("%s (-want +got)\n%s", address, diff)
		}
	}
	check("", event.RunFilter{})
	check("rule=r&event=e&meeting=m&cursor=c&since=1h&until=1m&limit=7", event.RunFilter{
		Rule: "r", EventID: "e", MeetingID: "m", Before: "c", Since: now().Add(-time.Hour), Until: now().Add(-time.Minute), Limit: 7,
	})
	check("shadow=true", event.RunFilter{Shadow: &yes})
	check("shadow=false", event.RunFilter{Shadow: &no})
	check("status=failed,+waiting", event.RunFilter{Statuses: []event.Status{event.StatusFailed, event.StatusWaiting}})
	for _, s := range event.Statuses() {
		check("status="+string(s), event.RunFilter{Statuses: []event.Status{s}})
	}
	for address, want := range map[string]string{
		"status=lost": "the states are pending, waiting, running, succeeded, failed, canceled, skipped", "status=failed,": "the states are",
		"shadow=maybe": "must be one of true, false", "limit=501": "limit=", "since=x": "since=",
	} {
		_, err := query.ParseRuns(values(t, address), now())
		refused(t, address, err, want)
	}
}

func TestParseReport(t *testing.T) {
	t.Parallel()
	ask := func(address, cookie string) (zone string, since, until time.Time, late time.Duration, top int, err error) {
		r := httptest.NewRequest(http.MethodGet, "/report?"+address, nil)
		if cookie != "" {
			r.AddCookie(&http.Cookie{Name: "gavel_zone", Value: cookie})
		}
		o, err := query.ParseReport(r, now())
		if o.Zone != nil {
			zone = o.Zone.String()
		}
		return zone, o.Since, o.Until, o.Late, o.Top, err
	}
	month := now().Add(-30 * 24 * time.Hour)
	for _, c := range []struct {
		address, cookie string
		zone            string
		since, until    time.Time
		late            time.Duration
		top             int
	}{
		{"", "", "UTC", month, now(), 0, 0},
		{"", "Asia%2FTokyo", "Asia/Tokyo", month, now(), 0, 0},
		{"zone=Europe/Paris", "Asia%2FTokyo", "Europe/Paris", month, now(), 0, 0},
		{"", "Local", "UTC", month, now(), 0, 0},
		{"", "%zz", "UTC", month, now(), 0, 0},
		{"", "Nowhere%2FAtAll", "UTC", month, now(), 0, 0},
		{"since=0", "", "UTC", time.Time{}, now(), 0, 0},
		{"since=2d&until=1d", "", "UTC", now().AddDate(0, 0, -2), now().AddDate(0, 0, -1), 0, 0},
		{"late=24h&top=1", "", "UTC", month, now(), 24 * time.Hour, 1},
		{"late=2d&top=1000", "", "UTC", month, now(), 48 * time.Hour, 1000},
	} {
		zone, since, until, late, top, err := ask(c.address, c.cookie)
		if err != nil || zone != c.zone || !since.Equal(c.since) || !until.Equal(c.until) || late != c.late || top != c.top {
			t.Errorf("%q with the cookie %q: %s, %s to %s, %s, %d, %v", c.address, c.cookie, zone, since, until, late, top, err)
		}
	}
	for address, want := range map[string]string{
		"since=1d&until=1d": "until must be later than since", "since=1d&until=2d": "until must be later than since",
		"since=soon": "since=", "until=soon": "until=", "since=soon&until=2d": "since=",
		"zone=Local": "such as Europe/Paris or UTC", "zone=../../etc/passwd": "zone=", "zone=" + strings.Repeat("a", 65): "zone=",
		"late=soon": "a length of time such as 24h", "late=0d": "late=", "top=0": "must be a number from 1 to 1000", "top=1001": "top=", "top=x": "top=",
	} {
		_, _, _, _, _, err := ask(address, "")
		refused(t, address, err, want)
	}
}
