package browser

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/gavel-rules/gavel/internal/testkit"
)

// screenshots names the folder that pictures are written to; empty writes
// none. "make screenshots" sets it.
func screenshots() string { return flag.Lookup("screenshots").Value.String() }

func TestMain(m *testing.M) {
	flag.String("screenshots", "", "write pictures of the pages to this folder")
	flag.Parse()
	testkit.Main(m)
}

// patience bounds what one test does in the browser.
const patience = 2 * time.Minute

// tab is one page in a browser of its own. What the page complains about
// fails the test.
type tab struct {
	context.Context
	t *testing.T

	mu     sync.Mutex
	faults []string
}

// look says how a page is looked at; the zero value is a wide, light window.
type look struct {
	Dark, Narrow bool
}

func (l look) String() string {
	name := "light"
	if l.Dark {
		name = "dark"
	}
	if l.Narrow {
		name += "-narrow"
	}
	return name
}

// newTab starts a browser whose clock is in Paris.
func newTab(t *testing.T, l look) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(testkit.Chromium(t)), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("lang", "en-GB"))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it cannot be had by root
	}
	b := &tab{t: t}
	err := b.start(options)
	for try := 1; err != nil && try < 3; try++ { // it sometimes crashes when several start at once
		t.Logf("start the browser again: %v", err)
		err = b.start(options)
	}
	if err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	width, height, scheme := int64(1280), int64(900), "light"
	if l.Narrow {
		width, height = 390, 844
	}
	if l.Dark {
		scheme = "dark"
	}
	b.do(chromedp.EmulateViewport(width, height))
	command(b, log.Enable, cdp.Empty{})
	command(b, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Europe/Paris"})
	command(b, emulation.SetLocaleOverride, emulation.SetLocaleOverrideParams{Locale: "en-GB"})
	command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	t.Cleanup(b.faultless)
	return b
}

// start starts the browser; it ends with the test.
func (b *tab) start(options []chromedp.ExecAllocatorOption) error {
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	b.t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	b.t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	b.t.Cleanup(end)
	b.Context = ctx
	return chromedp.Listen(ctx, b.listen)
}

// listen notes exceptions and what the browser logs as an error, such as
// something that the content security policy forbids.
func (b *tab) listen(ev any) {
	text := ""
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		text = ev.ExceptionDetails.Text
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError {
			text = ev.Entry.Text + " " + ev.Entry.URL
		}
	}
	if text != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.faults = append(b.faults, text)
	}
}

func (b *tab) faultless() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.faults) > 0 {
		b.t.Errorf("the browser complained:\n%s", strings.Join(b.faults, "\n"))
	}
}

// forgive drops the complaints of so far, such as that of a page that is an
// error on purpose.
func (b *tab) forgive() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = nil
}

// command sends one command of the browser's protocol.
func command[P, R any](b *tab, c cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b, c, params); err != nil {
		b.t.Fatalf("%s: %v", c.Method, err)
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b, steps...); err != nil {
		b.t.Fatalf("browser: %v\n%s", err, b.where())
	}
}

// ask runs an action that has an answer.
func ask[T any](b *tab, a chromedp.Action[T]) T {
	b.t.Helper()
	v, err := chromedp.Run(b, a)
	if err != nil {
		b.t.Fatalf("browser: %v\n%s", err, b.where())
	}
	return v
}

// where describes the page for a failure.
func (b *tab) where() string {
	url, err := chromedp.Run(b, chromedp.Location())
	if err != nil {
		return ""
	}
	text, err := chromedp.Run(b, chromedp.Text(chromedp.CSS("body")))
	if err != nil {
		return url
	}
	return "at " + url + ":\n" + text
}

func (b *tab) open(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
}

// sees waits until the first element of a selector can be seen.
func (b *tab) sees(selector string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(selector)))
}

// value evaluates a script.
func value[T any](b *tab, script string) T {
	b.t.Helper()
	return ask(b, chromedp.Evaluate[T](script))
}

// text returns what can be read in the first element of a selector. Finding and
// reading are one step, because a live part may be replaced between them.
func (b *tab) text(selector string) string {
	b.t.Helper()
	for {
		b.sees(selector)
		found := value[[]string](b, fmt.Sprintf("[...document.querySelectorAll(%q)].slice(0, 1).map(e => e.innerText.trim())", selector))
		if len(found) > 0 {
			return found[0]
		}
	}
}

// write types into the first element of a selector.
func (b *tab) write(selector, text string) {
	b.t.Helper()
	b.do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

// leave does something that leads to another page and waits for that.
func (b *tab) leave(how chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if _, err := chromedp.RunResponse(b, how); err != nil {
		b.t.Fatalf("go to another page: %v\n%s", err, b.where())
	}
}

// follow presses the first element of a selector and waits for the page that
// comes. Finding and pressing are one step, because live parts change.
func (b *tab) follow(selector string) {
	b.t.Helper()
	b.sees(selector)
	b.leave(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf("document.querySelector(%q).click(), true", selector)))
		return err
	}))
}
