package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

func TestFailedRunIsRetried(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	b := newTab(t, look{})
	b.open(s.Console)
	b.follow(`.cards a[href="/issues"]`)
	b.follow(`.issues h2 a[href^="/issues/"]`)
	b.follow(`main a[href^="/runs/"]`)
	if why := b.text(".notice"); !strings.Contains(why, "422") {
		t.Errorf("the page says why: %q", why)
	}
	s.healed.Store(true)
	b.follow(`form[action$="/retry"] button`)
	if said := b.text(".flash"); said != "The run is retried." {
		t.Errorf("after the button the page says %q", said)
	}
	// The page changes by itself.
	b.sees("h1 .pill.succeeded")
	if !strings.Contains(s.Log(), "console write") {
		t.Error("the retry is not in the log")
	}
}

func TestFailedRunsAreRetriedFromTheList(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	b := newTab(t, look{})
	b.open(s.Console + "/runs?status=failed")
	s.healed.Store(true)
	b.shoot("runs-failed-light")
	b.follow(`form[action="/runs/ask/retry"] button`)
	b.follow(`form[action="/runs/retry"] button`)
	if said := b.text(".flash"); !strings.HasPrefix(said, "The runs are retried.") {
		t.Errorf("after the button the page says %q", said)
	}
	testkit.Eventually(t, "the run has succeeded", func() bool { return s.Status(t, "failed") == 0 })
	b.open(s.Console + "/runs?status=failed&since=24h")
	if h := b.text(".empty h2"); h != "No matching runs" {
		t.Errorf("the list says %q", h)
	}
}

func TestEventIsReplayed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	b := newTab(t, look{})
	const event = "/events/ev-canceled-m-demo"
	b.open(s.Console + event)
	b.follow(`a[href$="/replay"]`)
	if plan := b.text("main .rows"); !strings.Contains(plan, "alert-on-cancellation") || !strings.Contains(plan, "nothing is sent") {
		t.Errorf("the page shows what would start:\n%s", plan)
	}
	b.follow(`a[href$="/replay?rule=alert-on-cancellation"]`)
	b.follow(`form[action$="/replay"] button`)
	if said := b.text(".flash"); said != "The event was replayed. Its new runs are below." {
		t.Errorf("after the button the page says %q", said)
	}
	b.open(s.Console + "/runs?event=ev-canceled-m-demo&rule=alert-on-cancellation")
	if rows := value[int](b, "document.querySelectorAll('tbody tr:not(.day)').length"); rows != 2 {
		t.Errorf("the event has %d runs of the rule, want 2", rows)
	}
	b.follow(`tbody a[href^="/runs/"]`)
	if history := b.text(".timeline"); !strings.Contains(history, "replayed manually in the console from 127.0.0.1 at ") {
		t.Errorf("the history is\n%s", history)
	}
	// A moment in a text of Gavel's is in the reader's zone too.
	const moment = `document.querySelector(".timeline .reason time")`
	if title, shown := value[string](b, moment+".title"), value[string](b, moment+".textContent"); !strings.HasSuffix(title, " UTC") || strings.Contains(shown, "UTC") {
		t.Errorf("the moment in the reason reads %q, and %q when pointed at", shown, title)
	}
}

func TestWaitingRunsAreCanceledAndRunNow(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	b := newTab(t, look{})
	b.open(s.Console + "/runs?status=waiting&rule=thank-you")
	b.follow(`tbody a[href^="/runs/"]`)
	b.follow(`form[action$="/cancel"] button`)
	b.sees("h1 .pill.canceled")

	b.open(s.Console + "/runs?status=waiting&rule=thank-you")
	b.follow(`tbody a[href^="/runs/"]`)
	b.follow(`a[href$="/run-now"]`)
	b.follow(`form[action$="/run-now"] button`)
	b.sees("h1 .pill.succeeded")
}

func TestFilterAndSearch(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	b := newTab(t, look{})
	b.open(s.Console + "/events")
	b.do(chromedp.SetValue(chromedp.CSS("select[name=type]"), event.TypeCanceled))
	b.write("input[name=owner]", "sales@")
	b.follow(".filters button")
	if rows := value[int](b, "document.querySelectorAll('#events tbody tr:not(.day)').length"); rows != 1 {
		t.Errorf("the filter leaves %d rows, want 1", rows)
	}
	// The slash leads to the search box, an id to its page, a name to the list.
	value[bool](b, `document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "/", bubbles: true, cancelable: true}))`)
	if !value[bool](b, `document.activeElement === document.querySelector(".search input")`) {
		t.Error("the slash does not lead to the search box")
	}
	b.leave(chromedp.SendKeys(chromedp.CSS(".search input"), "m-review"+kb.Enter))
	if h := b.text("h1"); !strings.Contains(h, "Quarterly review") {
		t.Errorf("a meeting's id leads to %q", h)
	}
	b.do(chromedp.Clear(chromedp.CSS(".search input")))
	b.leave(chromedp.SendKeys(chromedp.CSS(".search input"), "kim init"+kb.Enter))
	if rows := b.text("#events tbody"); !strings.Contains(rows, "Live demo") || strings.Contains(rows, "Quarterly") {
		t.Errorf("a name leads to\n%s", rows)
	}
}

func TestPlayground(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	b := newTab(t, look{})
	b.open(s.Console + "/events/ev-canceled-m-demo")
	b.follow(`a[href^="/playground?event="]`)
	const ask = `form[action="/playground#answer"] button`
	b.follow(ask)
	if got := b.text("#answer"); !strings.Contains(got, "alert-on-cancellation") || !strings.Contains(got, "would run") || !strings.Contains(got, "Live demo") {
		t.Errorf("the answer is\n%s", got)
	}
	b.accessible("/playground with an answer")
	b.shoot("playground-answer-light")
	b.do(chromedp.SetValue(chromedp.CSS("#rules"), strings.Replace(value[string](b, `document.getElementById("rules").value`), "endsWith", "endWith", 1)))
	b.follow(ask)
	if got := b.text("#answer"); !strings.Contains(got, "endWith") {
		t.Errorf("after a mistake the answer is\n%s", got)
	}
	b.do(chromedp.SetValue(chromedp.CSS("#event"), "{"))
	b.follow(ask)
	if got := b.text("#answer .notice"); !strings.Contains(got, "The event:") {
		t.Errorf("an event that cannot be read is answered %q", got)
	}
	if runs := s.Status(t, "failed"); runs != 1 {
		t.Errorf("the playground has left %d failed runs", runs)
	}
}

// watchLive presses the button above the list of events.
func (b *tab) watchLive() {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS("#live")))
	b.sees("#live[aria-pressed=true]")
}

func TestLiveTail(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	b := newTab(t, look{})
	b.open(s.Console + "/events?type=developer.webhook.test")
	b.watchLive()
	s.MustPost(testkit.Sample(t, event.TypeWebhookTest, "ev-live"))
	s.MustPost(testkit.Sample(t, event.TypeProfileChanged, "ev-filtered-out"))
	b.sees(`#events a[href="/events/ev-live"]`)
	if got := value[int](b, `document.querySelectorAll('a[href="/events/ev-filtered-out"]').length`); got != 0 {
		t.Error("the live view shows an event that the filter leaves out")
	}
	b.shoot("events-live-light")
}

// TestFlood sends more events than a page can show while a page looks on.
func TestFlood(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	b := newTab(t, look{})
	b.open(s.Console + "/events")
	b.watchLive()
	for i := range 1500 {
		s.MustPost(testkit.Sample(t, event.TypeProfileChanged, fmt.Sprintf("ev-flood-%d", i)))
	}
	b.sees("#missed")
	// The page still answers, holds a bounded number of rows and says that it
	// does not show all.
	if rows := value[int](b, "document.querySelectorAll('#events tbody tr').length"); rows == 0 || rows > 300 {
		t.Errorf("the page holds %d rows", rows)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{Args: []string{"--console-token", "a-token-for-tests"}})
	b := newTab(t, look{})
	b.open(p.Console + "/runs?status=failed")
	b.shoot("login-light")
	b.accessible("/login")
	b.write("#token", "wrong")
	b.follow("form.stack button")
	if said := b.text("[role=alert]"); !strings.Contains(said, "Wrong token") {
		t.Errorf("a wrong token is answered %q", said)
	}
	b.forgive() // the browser logs a 401 as an error
	b.write("#token", "a-token-for-tests")
	b.follow("form.stack button")
	if where := value[string](b, "location.pathname + location.search"); where != "/runs?status=failed" {
		t.Errorf("signing in leads to %s", where)
	}
	// The reader's zone is the one thing that the page's own script keeps.
	if cookies := value[string](b, "document.cookie"); !strings.HasPrefix(cookies, "gavel_zone=") || strings.Contains(cookies, ";") {
		t.Errorf("scripts can read %q", cookies)
	}
	b.open(p.Console)
	b.accessible("/ without any event")
	b.shoot("overview-empty-light")
	b.follow(`form[action="/logout"] button`)
	if h := b.text("h1"); h != "Sign in" {
		t.Errorf("signing out leads to %q", h)
	}
}
