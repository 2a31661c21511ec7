package security

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/gavel-rules/gavel/internal/standin"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// listen counts calls of the function that the attacks try to call.
const listen = `window.ran = 0; window.gavelRan = () => { window.ran++; }; window.show = () => {};`

// pressEverything sends the events that attributes such as onclick wait for,
// finds links to scripts, and answers how often a script of a stranger ran.
const pressEverything = `(() => {
  for (const e of document.querySelectorAll('*')) {
    for (const name of ['mouseover', 'click', 'focus', 'error', 'load', 'toggle', 'begin']) {
      const event = new Event(name, {cancelable: true, bubbles: false});
      if (name !== 'click' || e.tagName !== 'A') { e.dispatchEvent(event); }
    }
    if (e.protocol === 'javascript:' || e.protocol === 'data:') { window.ran++; }
  }
  return window.ran;
})()`

// nothingRuns opens every HTML mail in a real browser, with scripts allowed,
// and presses everything that can be pressed.
func (b *battlefield) nothingRuns(t *testing.T) {
	ctx := browser(t)
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: listen}); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	file := filepath.Join(t.TempDir(), "mail.html")
	visit := func(source string) (ran int) {
		t.Helper()
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := chromedp.Do(ctx, chromedp.Navigate("file://"+file)); err != nil {
			t.Fatalf("open a mail: %v", err)
		}
		ran, err := chromedp.Run(ctx, chromedp.Evaluate[int](pressEverything))
		if err != nil {
			t.Fatalf("press everything: %v", err)
		}
		return ran
	}
	for _, source := range []string{"<script>gavelRan()</script>", "<p onmouseover=gavelRan()>x</p>", "<a href='javascript:gavelRan()'>x</a>"} {
		if visit(source) == 0 {
			t.Fatalf("the browser does not tell that %s runs, so this test would see nothing", source)
		}
	}
	for id, list := range b.mails(func(m standin.Mail) bool { return m.HTML != "" }) {
		if len(b.byID[id].text) < 5000 && visit(list[0].HTML) > 0 {
			t.Errorf("%s: a script of the stranger ran", where(b.byID[id]))
		}
	}
}

// browser starts a headless Chromium that reaches no network and ends with the
// test.
func browser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(testkit.Chromium(t)), chromedp.NoSandbox, chromedp.ProxyServer("127.0.0.1:9"))
	allocated, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancelAllocator)
	limited, cancelLimit := context.WithTimeout(allocated, 3*time.Minute)
	t.Cleanup(cancelLimit)
	ctx, cancel := chromedp.NewContext(limited)
	t.Cleanup(cancel)
	return ctx
}
