package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// mostClicks is how far the answer to each question may be from the overview.
const mostClicks = 3

// walk is a way from the overview to an answer; it counts the clicks.
type walk struct {
	*tab
	clicks int
}

func (w *walk) click(selector string) {
	w.t.Helper()
	w.clicks++
	if !value[bool](w.tab, fmt.Sprintf("document.querySelector(%q) !== null", selector)) {
		w.t.Fatalf("nothing to click at %s\n%s\n%s", selector, w.where(), value[string](w.tab, "[...document.links].map(a => a.getAttribute('href')).join(' ')"))
	}
	w.follow(selector)
}

// unfold opens details that are closed.
func (w *walk) unfold(summary string) {
	w.t.Helper()
	w.clicks++
	w.sees(summary)
	value[bool](w.tab, fmt.Sprintf("document.querySelector(%q).click(), true", summary))
}

// search types into the search box and presses Enter, which counts as a click.
func (w *walk) search(text string) {
	w.t.Helper()
	w.clicks++
	w.sees(".search input")
	w.write(".search input", text)
	w.leave(chromedp.SendKeys(chromedp.CSS(".search input"), kb.Enter))
}

func (w *walk) says(texts ...string) {
	w.t.Helper()
	page := value[string](w.tab, "document.body.innerText")
	for _, text := range texts {
		if !strings.Contains(page, text) {
			w.t.Errorf("after %d clicks the page does not say %q:\n%s", w.clicks, text, page)
		}
	}
}

// TestTenQuestions walks from the overview to what people ask at three in the
// morning, without a terminal.
func TestTenQuestions(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	b := newTab(t, look{})
	for _, q := range []struct {
		asked string
		walk  func(w *walk)
	}{
		{"Did the event of a meeting arrive?", func(w *walk) {
			w.search("robin globex")
			w.says("Product introduction", "Robin Globex")
		}},
		{"Why did a rule not fire?", func(w *walk) {
			w.search("kim initech")
			w.click(`a[href^="/events/ev-booked-m-demo"]`)
			w.unfold("#why-alert-on-cancellation summary")
			w.says("alert-on-cancellation", "it listens to")
		}},
		{"What was sent, and what was answered?", func(w *walk) {
			w.click(`nav a[href="/runs"]`)
			w.click(`a[href="/runs/` + s.Run(t, "open-a-ticket", "failed").ID + `"]`)
			w.says("POST", "/tickets", "422", "the field queue is missing")
		}},
		{"What fails, and since when?", func(w *walk) {
			w.click(`nav a[href="/issues"]`)
			w.says("open-a-ticket", "422", "first ")
		}},
		{"What goes out next?", func(w *walk) {
			w.click(`nav a[href="/scheduled"]`)
			w.says("thank-you", "Quarterly review", "Thank you")
		}},
		{"Which rules never fire?", func(w *walk) {
			w.click(`nav a[href="/rules"]`)
			w.click(`a[href="/rules?show=never"]`)
			w.says("at-rest", "never")
		}},
		{"Was anything lost or refused?", func(w *walk) {
			w.click(`main a[href="/refused"]`)
			w.says("signature")
		}},
		{"How is a rule stopped?", func(w *walk) {
			w.click(`nav a[href="/rules"]`)
			w.click(`a[href="/pauses/new?key=rule/thank-you"]`)
			w.click(`form[action="/pauses"] button`)
			w.says("It is paused", "rule thank-you")
		}},
		{"What is held, and what happens on resume?", func(w *walk) {
			w.click(`a[href="/pauses/resume?key=rule%2fthank-you"]`)
			w.says("Resume rule thank-you?", "Go out now", "Are skipped")
			w.click(`form[action="/pauses/resume"] button`)
			w.says("It is resumed")
		}},
		{"What became of a meeting?", func(w *walk) {
			w.search("robin globex")
			w.click(`a[href^="/meetings/m-intro"], a[href$="m-intro"][href^="/meetings"]`)
			w.says("moved 1 time")
		}},
	} {
		w := &walk{tab: b}
		b.open(s.Console)
		q.walk(w)
		if w.clicks > mostClicks {
			t.Errorf("%s The answer takes %d clicks, want at most %d", q.asked, w.clicks, mostClicks)
		}
		t.Logf("%d clicks: %s", w.clicks, q.asked)
	}
}
