package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tabTo presses the tab key until the element of a selector has the focus, and
// looks on the way whether one can see where it is.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	const look = `(() => {
		const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at);
		const seen = box.width > 0 && box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight + 1;
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
