package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

func TestAnEventStartsItsActionOnce(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	p := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "one")})

	body := testkit.Sample(t, event.TypeCanceled, "once")
	if a := p.MustPost(body); a.EventID != "once" || a.Status != "accepted" {
		t.Errorf("first answer: %+v", a)
	}
	if a := p.MustPost(body); a.EventID != "once" || a.Status != "duplicate" {
		t.Errorf("second answer: %+v", a)
	}
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "other-type"))
	p.MustPost(testkit.Sample(t, event.TypeCanceled, "other-owner", "meeting.meetingOwner.username", "kim@else.example"))
	p.MustPost(testkit.Sample(t, event.TypeCanceled, "twice"))
	testkit.Eventually(t, "the actions of both events came", func() bool { return len(g.byEvent()) >= 2 })
	if code := p.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	counts := map[string]int{}
	for id, keys := range g.byEvent() {
		counts[id] = len(keys)
	}
	if diff := cmp.Diff(map[string]int{"once": 1, "twice": 1}, counts); diff != "" {
		t.Errorf("calls per event (-want +got):\n%s", diff)
	}
}

func TestUnsignedEventsAreRefused(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{})
	body := testkit.Sample(t, event.TypeScheduled, "forged")
	a, err := testkit.Post(t, p.Client, p.URL, "not the secret", body)
	if err != nil {
		t.Fatal(err)
	}
	if a.Code != http.StatusUnauthorized {
		t.Errorf("a forged event was answered %d", a.Code)
	}
	shown := testkit.Gavel(t, "events", "show", "forged", "--database", p.Database)
	if shown.Code == 0 {
		t.Errorf("a forged event was stored:\n%s", shown.Stdout)
	}
}

func TestRulesAreReadAgain(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	p := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "old")})
	says := func(id, word string) {
		t.Helper()
		p.MustPost(testkit.Sample(t, event.TypeCanceled, id))
		testkit.Eventually(t, "the action of "+id+" came", func() bool { return g.last().EventID == id })
		if !strings.Contains(g.last().Body, word) {
			t.Errorf("%s: body %s, want the word %q", id, g.last().Body, word)
		}
	}
	says("first", "old")

	p.WriteRules(strings.Replace(tellTarget(g.URL, "bad"), "meetingOwner", "meetingOwnr", 1))
	p.Reload()
	testkit.Eventually(t, "the log tells of the mistake", func() bool {
		return strings.Contains(p.Log(), "meetingOwnr")
	})
	says("second", "old")

	p.WriteRules(tellTarget(g.URL, "new"))
	p.Reload()
	next := 0
	testkit.Eventually(t, "an event is answered by the new rules", func() bool {
		next++
		id := fmt.Sprintf("third-%d", next)
		p.MustPost(testkit.Sample(t, event.TypeCanceled, id))
		testkit.Eventually(t, "the action of "+id+" came", func() bool { return g.last().EventID == id })
		return strings.Contains(g.last().Body, "new")
	})
}
