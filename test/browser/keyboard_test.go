package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// tabTo presses the tab key until the element of a selector has the focus, and
// looks on the way whether one can see where it is.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	const look = `(() => {
		const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at);
		const seen = box.width > 0 && box.top >= 0 && box.left >= 0 && (box.bottom <= innerHeight + 1 || at.matches("textarea") && box.top < innerHeight);
		const top = document.querySelector("header.top").getBoundingClientRect().bottom;
		const under = !at.closest("header.top, .skip") && box.top < top - 1;
		return (at.outerHTML.slice(0, 90)) + (seen ? "" : " CANNOT BE SEEN") + (under ? " IS UNDER THE BAR" : "")
			+ (style.outlineStyle === "none" ? " HAS NO OUTLINE" : "");
	})()`
	for range 60 {
		b.do(chromedp.KeyEvent(kb.Tab))
		at := value[string](b, look)
		for _, bad := range []string{"CANNOT BE SEEN", "IS UNDER THE BAR", "HAS NO OUTLINE"} {
			if strings.Contains(at, bad) {
				b.t.Errorf("the focus: %s", at)
			}
		}
		if value[bool](b, "document.activeElement.matches(`"+selector+"`)") {
			return
		}
	}
	b.t.Fatalf("the tab key does not lead to %s\n%s", selector, b.where())
}

func TestKeyboardIsEnough(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, l := range []look{{}, {Narrow: true}} {
		b := newTab(t, l)
		b.open(s.Console)
		b.do(chromedp.KeyEvent(kb.Tab))
		if at := value[string](b, "document.activeElement.textContent"); at != "Skip to content" {
			t.Errorf("the first stop is %q", at)
		}
		b.do(chromedp.KeyEvent(kb.Enter))
		for _, next := range []string{`.cards a[href="/issues"]`, `.issues h2 a`, `main a[href^="/runs/"]`} {
			b.tabTo(next)
			b.leave(chromedp.KeyEvent(kb.Enter))
		}
		b.tabTo(`form[action$="/retry"] button`)
		b.leave(chromedp.KeyEvent(kb.Enter))
		b.sees(".flash")
		// It is refused again and comes back.
		b.sees("h1 .pill.failed")
	}
}

// withoutScript is a page in a narrow window, without JavaScript.
func withoutScript(t *testing.T) *tab {
	t.Helper()
	b := newTab(t, look{Narrow: true})
	command(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	return b
}

// TestMenuIsOneRow in a narrow window, and leads to every page by keyboard.
func TestMenuIsOneRow(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	b := withoutScript(t)
	b.open(s.Console + "/runs")
	if high := value[int](b, `Math.round(document.querySelector("header.top").getBoundingClientRect().height)`); high > 64 {
		t.Errorf("the bar is %d pixels high", high)
	}
	b.tabTo(".menu summary")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.sees(`.menu a[href="/refused"]`)
	b.shoot("menu-narrow")
	b.tabTo(`.menu a[href="/analytics"]`)
	b.tabTo(`.menu a[href="/refused"]`)
	b.leave(chromedp.KeyEvent(kb.Enter))
	if h := b.text("h1"); h != "Was anything lost or refused?" {
		t.Errorf("the menu leads to %q", h)
	}
}

// TestOtherRulesAreTriedByKeyboard for an event, from why a rule did not fire to
// what others would do.
func TestOtherRulesAreTriedByKeyboard(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	b := withoutScript(t)
	b.open(s.Console + "/events/ev-booked-m-demo")
	b.tabTo("#why-alert-on-cancellation summary")
	b.do(chromedp.KeyEvent(kb.Enter))
	if why := b.text("#why-alert-on-cancellation"); !strings.Contains(why, "it listens to") {
		t.Errorf("the reason is %q", why)
	}
	b.open(s.Console + "/events/ev-canceled-m-demo")
	b.tabTo(`a[href^="/playground?event="]`)
	b.leave(chromedp.KeyEvent(kb.Enter))
	b.tabTo(`form[action="/playground#answer"] button`)
	b.leave(chromedp.KeyEvent(kb.Enter))
	if got := b.text("#answer"); !strings.Contains(got, "alert-on-cancellation") || !strings.Contains(got, "Live demo") {
		t.Errorf("the answer is\n%s", got)
	}
	if top := value[int](b, `Math.round(document.getElementById("answer").getBoundingClientRect().top)`); top < 0 || top > 400 {
		t.Errorf("the answer begins %d pixels from the top of the window", top)
	}
	b.shoot("playground-answer-narrow")
}

// chainRules use chains, of which one fails.
const chainRules = `
connections:
  crm: { kind: http, base_url: %[1]s }
chains:
  upsert-contact:
    inputs: { email: text }
    steps:
      - id: find
        http: { connection: crm, url: /contacts, query: { email: "${{ inputs.email }}" } }
      - id: create
        when: len(actions.find.body.items) == 0
        http: { connection: crm, method: POST, url: /contacts, json: { email: "${{ inputs.email }}" } }
    outputs: { known: "${{ len(actions.find.body.items) > 0 }}" }
  file-a-claim:
    steps:
      - http: { connection: crm, method: POST, url: /tickets, json: { title: "Claim" } }
rules:
  - name: keep-the-contact
    event: scheduling.smartscheduler.canceled
    actions:
      - id: contact
        chain: upsert-contact
        with: { email: "${{ meeting.meetingInfo.primaryInvitee }}" }
      - log: { message: "known: ${{ actions.contact.known }}" }
  - name: claim
    event: scheduling.smartscheduler.canceled
    actions: [ { chain: file-a-claim } ]
`

// TestChainIsOneStep that is unfolded by keyboard, without JavaScript, on the page
// of a run and of a rule. One that has failed is open.
func TestChainIsOneStep(t *testing.T) {
	t.Parallel()
	s := &scene{}
	target := httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(target.Close)
	s.Process = testkit.Start(t, testkit.Serve{Rules: fmt.Sprintf(chainRules, target.URL)})
	s.MustPost(testkit.Sample(t, event.TypeCanceled, "ev-1"))
	for rule, status := range map[string]string{"keep-the-contact": "succeeded", "claim": "failed"} {
		testkit.Eventually(t, rule+" has "+status, func() bool {
			return len(s.Runs(t, url.Values{"rule": {rule}, "status": {status}})) == 1
		})
	}
	b := withoutScript(t)
	for _, path := range []string{"/runs/" + s.Run(t, "keep-the-contact", "succeeded").ID, "/rules/keep-the-contact"} {
		b.open(s.Console + path)
		list := value[string](b, `document.querySelector("li > details").closest("ol").className`)
		if shown := value[string](b, `document.querySelector("li > details").innerText`); !strings.Contains(shown, "upsert-contact") || strings.Contains(shown, "create") {
			t.Errorf("%s: the chain is shown as %q", path, shown)
		}
		b.tabTo("." + list + " summary")
		b.do(chromedp.KeyEvent(kb.Enter))
		shown := value[string](b, `document.querySelector("li > details").innerText`)
		if !strings.Contains(shown, "find") || !strings.Contains(shown, "create") || strings.Contains(shown, "log") {
			t.Errorf("%s: unfolded, the chain is %q", path, shown)
		}
		b.shoot("chain-" + list)
	}
	b.open(s.Console + "/runs/" + s.Run(t, "claim", "failed").ID)
	if open := value[bool](b, `document.querySelector(".steps details").open`); !open {
		t.Error("a chain that has failed is closed")
	}
	if state := value[string](b, `document.querySelector(".steps summary .state").innerText`); state != "failed" {
		t.Errorf("a chain that has failed is %q", state)
	}
}
