package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestNothingAcknowledgedIsLost kills the process while the actions of many
// acknowledged events are under way or still to come, starts it again, and
// looks for every one of them, under the same idempotency key as before.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	g.hold()
	p := testkit.Start(t, testkit.Serve{
		Rules: tellTarget(g.URL, "held"),
		Args:  []string{"--workers", "8"}, // so that most actions are still to come
	})

	const events = 60
	for i := range events {
		p.MustPost(testkit.Sample(t, event.TypeCanceled, fmt.Sprintf("event-%02d", i)))
	}
	testkit.Eventually(t, "some actions are under way", func() bool { return len(g.byEvent()) > 0 })
	p.Kill()
	before := g.byEvent()
	if len(before) == events {
		t.Fatalf("all %d actions were under way at once; the test wants some still to come", events)
	}
	g.release()
	p.Restart()

	testkit.Eventually(t, "every event's action came", func() bool { return len(g.byEvent()) == events })
	testkit.Eventually(t, "the actions that the crash cut off came again", func() bool {
		for id := range before {
			if len(g.byEvent()[id]) < 2 {
				return false
			}
		}
		return true
	})
	for id, keys := range g.byEvent() {
		for _, key := range keys {
			if key == "" || key != keys[0] {
				t.Errorf("%s: idempotency keys %q, want one and the same", id, keys)
			}
		}
	}
}

// TestAcknowledgedIsOnDisk kills the process right after a 200, again and
// again, and while many senders are at it. Whatever was answered 200 must be
// there afterwards.
func TestAcknowledgedIsOnDisk(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	p := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "kept")})
	acknowledged := map[string]bool{}
	for round := range 15 {
		id := fmt.Sprintf("alone-%d", round)
		p.MustPost(canceled(t, id))
		p.Kill()
		acknowledged[id] = true
		p.Restart()
	}
	for round := range 5 {
		const senders = 16
		answers := make(chan string, 64*senders)
		var sending sync.WaitGroup
		for s := range senders {
			sending.Go(func() {
				for n := 0; ; n++ {
					id := fmt.Sprintf("crowd-%d-%d-%d", round, s, n)
					a, err := p.Post(canceled(t, id))
					if err != nil || a.Code != http.StatusOK {
						return // the process is gone
					}
					answers <- id
				}
			})
		}
		for range 3 * senders {
			acknowledged[<-answers] = true
		}
		p.Kill()
		go func() { sending.Wait(); close(answers) }()
		for id := range answers {
			acknowledged[id] = true
		}
		p.Restart()
	}
	stored := listEvents(t, p)
	for id := range acknowledged {
		if !stored[id] {
			t.Errorf("%s was answered 200 and is not stored", id)
		}
	}
	testkit.Eventually(t, "the action of every stored event came", func() bool { return len(g.byEvent()) == len(stored) })
	for id, keys := range g.byEvent() {
		for _, key := range keys {
			if key == "" || key != keys[0] {
				t.Errorf("%s: idempotency keys %q, want one and the same", id, keys)
			}
		}
	}
}

// TestAChainGoesOnWhereItStopped kills the process during the second of three
// actions.
func TestAChainGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	first := newTarget(t, reply{status: 201, header: map[string]string{"Content-Type": "application/json"}, body: `{"id":"c-17","at":"acme.example"}`})
	second, third := newTarget(t), newTarget(t)
	second.hold()
	p := testkit.Start(t, testkit.Serve{
		Env: []string{"HOME_DOMAIN=acme.example"},
		Rules: fmt.Sprintf(`vars:
  home: ${{ env.HOME_DOMAIN }}
rules:
  - name: chain
    event: scheduling.smartscheduler.canceled
    when: meeting.meetingOwner.username endsWith vars.home
    actions:
      - id: find
        http: { method: POST, url: "%s/find", json: { home: "${{ vars.home }}" } }
      - id: note
        http: { method: POST, url: "%s/note", json: { contact: "${{ actions.find.body.id }}", at: "${{ actions.find.body.at }}" } }
      - http: { method: POST, url: "%s/done", json: { status: "${{ actions.note.status }}", contact: "${{ actions.find.body.id }}" } }
`, first.URL, second.URL, third.URL)})
	p.MustPost(canceled(t, "chain"))
	testkit.Eventually(t, "the second action is under way", func() bool { return len(second.all()) == 1 })
	p.Kill()
	second.release()
	p.Restart()
	testkit.Eventually(t, "the last action came", func() bool { return len(third.all()) == 1 })
	run := endedRun(t, p, "chain")
	if run.Status != event.StatusSucceeded {
		t.Errorf("the run: %s %s", run.Status, run.Reason)
	}
	if diff := cmp.Diff([]string{"find succeeded", "note unknown", "note succeeded", "http#3 succeeded"}, run.outcomes()); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	if n := len(first.all()); n != 1 {
		t.Errorf("the finished action was carried out %d times", n)
	}
	notes := second.all()
	if len(notes) != 2 {
		t.Fatalf("the action that was cut off was carried out %d times, want 2", len(notes))
	}
	oneKey(t, notes)
	if notes[0].Body != notes[1].Body || notes[1].Body != `{"at":"acme.example","contact":"c-17"}` {
		t.Errorf("its bodies were %s and %s", notes[0].Body, notes[1].Body)
	}
	if body := third.last().Body; body != `{"contact":"c-17","status":200}` {
		t.Errorf("the last action's body was %s", body)
	}
	if key := third.last().Key; key == notes[0].Key || key == first.last().Key {
		t.Error("two actions share a key")
	}
}

// TestForEachGoesOnAfterAKill kills the process while it sends to the third of
// five: the two before are not sent again, and the third has its key again.
func TestForEachGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	g := newTarget(t, reply{status: 200}, reply{status: 200}, reply{hang: true})
	p := testkit.Start(t, testkit.Serve{Rules: `
connections:
  target: { kind: http, base_url: "` + g.URL + `" }
rules:
  - name: each
    event: "*"
    actions:
      - id: tell
        for_each: '["a", "b", "c", "d", "e"]'
        http: { connection: target, method: POST, url: "/${{ each }}" }
      - http: { connection: target, method: POST, url: "/last", json: { of: "${{ len(actions.tell) }}" } }
`})
	p.MustPost(testkit.Sample(t, event.TypeCanceled, "event-1"))
	testkit.Eventually(t, "the third is under way", func() bool { return len(g.to("/c")) == 1 })
	p.Kill()
	p.Restart()
	testkit.Eventually(t, "all came", func() bool { return len(g.to("/last")) == 1 })
	want := map[string]int{"/a": 1, "/b": 1, "/c": 2, "/d": 1, "/e": 1, "/last": 1}
	got, keys := map[string]int{}, map[string]string{}
	for _, c := range g.all() {
		got[c.Path]++
		if known, again := keys[c.Path]; again && known != c.Key {
			t.Errorf("%s: idempotency keys %q and %q, want one and the same", c.Path, known, c.Key)
		}
		keys[c.Path] = c.Key
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if last := g.to("/last")[0]; last.Body != `{"of":5}` {
		t.Errorf("after the for_each: %q", last.Body)
	}
}

// TestPagesBeginAgainAfterAKill kills the process at the second of three pages:
// the list is read again from its first page, each with its key, and what comes
// after it is done once.
func TestPagesBeginAgainAfterAKill(t *testing.T) {
	t.Parallel()
	page := func(n int, next string) reply {
		return reply{status: 200, header: map[string]string{"Content-Type": "application/json"}, body: fmt.Sprintf(`{"items":[%d],"next":%q}`, n, next)}
	}
	g := newTarget(t, page(1, "?p=2"), reply{hang: true}, page(1, "?p=2"), page(2, "?p=3"), page(3, ""))
	p := testkit.Start(t, testkit.Serve{Rules: `
connections:
  target: { kind: http, base_url: "` + g.URL + `/api" }
rules:
  - name: all
    event: "*"
    actions:
      - id: list
        http: { connection: target, url: /list, pages: { items: page.body.items, next: page.body.next } }
      - id: tell
        for_each: actions.list.items
        http: { connection: target, method: POST, url: "/tell/${{ each }}", json: { more: "${{ actions.list.more }}" } }
`})
	p.MustPost(testkit.Sample(t, event.TypeCanceled, "event-1"))
	testkit.Eventually(t, "the second page is under way", func() bool { return len(g.to("/api/list")) == 2 })
	p.Kill()
	p.Restart()
	testkit.Eventually(t, "all came", func() bool { return len(g.to("/api/tell/3")) == 1 })
	var asked []string
	keys := map[string]string{}
	for _, c := range g.to("/api/list") {
		asked = append(asked, c.Query)
		if known, again := keys[c.Query]; again && known != c.Key {
			t.Errorf("page %q: idempotency keys %q and %q, want one and the same", c.Query, known, c.Key)
		}
		keys[c.Query] = c.Key
	}
	if diff := cmp.Diff([]string{"", "p=2", "", "p=2", "p=3"}, asked); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	if keys[""] == keys["p=2"] || keys["p=2"] == keys["p=3"] {
		t.Errorf("pages share a key: %v", keys)
	}
	run := endedRun(t, p, "event-1")
	if diff := cmp.Diff([]string{"list unknown", "list succeeded", "for_each#2 succeeded", "tell[0] succeeded", "tell[1] succeeded", "tell[2] succeeded"}, run.outcomes()); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
}
