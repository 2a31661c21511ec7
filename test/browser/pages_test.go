package browser

import (
	_ "embed"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe.min.js
var axe string

// page is one page of the console in the scene.
type page struct{ name, path, shows string }

func (s *scene) pages(t *testing.T) []page {
	return []page{
		{"overview", "/", "endpoint validated"},
		{"events", "/events", "Product introduction"},
		{"events-none", "/events?type=nothing.like.it", "No matching events"},
		{"event", "/events/ev-booked-m-intro", "it has no condition"},
		{"event-condition", "/events/ev-canceled-m-demo", "its condition is true"},
		{"event-hostile", "/events/ev-booked-m-hostile", "<script>window.broken=1</script>"},
		{"event-unheard-of", "/events/ev-unheard-of", "it listens to"},
		{"replay", "/events/ev-booked-m-intro/replay", "be skipped"},
		{"replay-hostile", "/events/ev-booked-m-hostile/replay", "Would start"},
		{"runs", "/runs", "alert-on-cancellation"},
		{"run-failed", "/runs/" + s.Run(t, "open-a-ticket", "failed").ID, "422"},
		{"run-chain", "/runs/" + s.Run(t, "book-in-crm", "succeeded").ID, "find"},
		{"run-waiting", "/runs/" + s.Run(t, "thank-you", "waiting").ID, "Continues"},
		{"meeting", "/meetings/m-intro", "moved 1 time"},
		{"meeting-canceled", "/meetings/m-demo", "Canceled"},
		{"rules", "/rules", "Shadow"},
		{"rule", "/rules/book-in-crm", "Matches, 30 days"},
		{"rule-waits", "/rules/thank-you", "Last fired"},
		{"connections", "/connections", "Failed calls by hour"},
		{"connection", "/connections/crm", "Half within"},
		{"issues", "/issues", "failed now"},
		{"scheduled", "/scheduled", "Quarterly review"},
		{"run-ask", "/runs/" + s.Run(t, "thank-you", "waiting").ID + "/run-now", "Send this now?"},
		{"postpone", "/runs/" + s.Run(t, "thank-you", "waiting").ID + "/postpone", "Send this at another time?"},
		{"pauses", "/pauses", "Pause everything"},
		{"pause", "/pauses/new?key=rule/thank-you", "Nothing of this rule is sent"},
		{"refused", "/refused", "Was anything lost"},
		{"playground", "/playground?event=ev-canceled-m-demo&rule=alert-on-cancellation", "Nothing is sent"},
		{"analytics-little", "/analytics", "Booked ahead"},
		{"docs", "/docs/", "You write rules."},
		{"docs-page", "/docs/testing.html", "What a step can send"},
		{"docs-task", "/docs/tasks/teams-cancellation.html", "RichTextBlock"},
		{"docs-search", "/docs/search.html?q=cancel+teams", "Alert on cancellation in Teams"},
		{"not-found", "/events/no-such-event", "Not found"},
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, l := range []look{{}, {Dark: true}, {Narrow: true}} {
		t.Run(l.String(), func(t *testing.T) {
			b := newTab(t, l)
			for _, p := range s.pages(t) {
				b.open(s.Console + p.path)
				if text := value[string](b, "document.body.innerText"); !strings.Contains(text, p.shows) {
					t.Errorf("%s does not show %q:\n%s", p.path, p.shows, text)
				}
				if over := value[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
					t.Errorf("%s is %d pixels wider than the window", p.path, over)
				}
				// What a narrow window has besides is whether everything fits.
				if !l.Narrow {
					b.accessible(p.path)
				}
				b.shoot(p.name + "-" + l.String())
				if p.name == "not-found" {
					b.forgive() // the browser logs a 404 as an error, some time after the page is there
				}
			}
			if value[bool](b, "'broken' in window") {
				t.Error("text of an event was carried out")
			}
		})
	}
}

// accessible fails the test for what axe-core calls serious or critical.
func (b *tab) accessible(path string) {
	b.t.Helper()
	const script = `axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => v.id + ": " + v.help + " " + v.nodes.slice(0, 3).map(n => n.html).join(" "))))`
	value[int](b, axe+"; 0")
	result := ask(b, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	var found []string
	if err := json.Unmarshal([]byte(result), &found); err != nil {
		b.t.Fatal(err)
	}
	if len(found) > 0 {
		b.t.Errorf("%s:\n%s", path, strings.Join(found, "\n"))
	}
}

// shoot writes a picture of the whole page, if pictures are wanted.
func (b *tab) shoot(name string) {
	b.t.Helper()
	if screenshots() == "" {
		return
	}
	png := ask(b, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(screenshots(), name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// TestPictures takes the pictures of the documentation when it is asked to
// (make screenshots); TestPages looks at the same pages.
func TestPictures(t *testing.T) {
	t.Parallel()
	if screenshots() == "" {
		return
	}
	s := newSceneOf(t, bookings()[:3], dayBefore(t))
	waiting := s.Run(t, "thank-you", "waiting").ID
	issue := get[struct{ Items []struct{ ID string } }](t, s, "/issues")
	shootAll(t, s.Console, map[string]string{
		"overview": "/", "run": "/runs/" + s.Run(t, "open-a-ticket", "failed").ID, "meeting": "/meetings/m-intro", "rules": "/rules", "rule": "/rules/book-in-crm",
		"event": "/events/ev-canceled-m-demo", "events": "/events?since=1h", "issues": "/issues", "send": "/runs/" + waiting + "/run-now",
		"connections": "/connections", "connection": "/connections/desk", "refused": "/refused", "pause": "/pauses/new?key=connection/crm", "issue": "/issues/" + issue.Items[0].ID,
	})
	b := newTab(t, look{})
	b.open(s.Console + "/pauses/new?key=connection/crm")
	b.follow(`form[action="/pauses"] button`)
	shootAll(t, s.Console, map[string]string{"pauses": "/pauses", "resume": "/pauses/resume?key=connection/crm", "scheduled": "/scheduled"})
	counting := newCounting(t)
	shootAll(t, counting.Console, map[string]string{"rule-window": "/rules/cancellation-spike", "rules-left": "/rules", "search": "/search?q=spike", "move": "/rules/remind/move"})
	b = newTab(t, look{Narrow: true})
	b.open(s.Console + "/runs")
	value[bool](b, `document.querySelector(".menu summary").click(), true`)
	b.shoot("menu-narrow")
	b = newTab(t, look{})
	b.open(newMonth(t).Console + "/analytics?zone=Europe%2FParis")
	b.shoot("analytics-light")
}

// shootAll takes pictures of pages, by name.
func shootAll(t *testing.T, console string, pages map[string]string) {
	t.Helper()
	for _, l := range []look{{}, {Dark: true}, {Narrow: true}} {
		b := newTab(t, l)
		for name, path := range pages {
			b.open(console + path)
			b.shoot(name + "-" + l.picture())
		}
	}
}

// picture is the end of the name of a picture.
func (l look) picture() string {
	switch {
	case l.Narrow:
		return "narrow"
	case l.Dark:
		return "dark"
	}
	return "light"
}

func TestTimesAreInTheReadersZone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	b := newTab(t, look{})
	b.open(s.Console + "/events/ev-booked-m-intro")
	const first = `document.querySelector("dd time")`
	if title := value[string](b, first+".title"); !strings.HasSuffix(title, " UTC") {
		t.Errorf("the hover text is %q, want UTC", title)
	}
	want := value[string](b, `new Intl.DateTimeFormat("en-GB", {dateStyle: "medium", timeStyle: "medium", timeZone: "Europe/Paris"}).format(new Date(`+first+`.dateTime))`)
	if got := value[string](b, first+".textContent"); got != want {
		t.Errorf("the time reads %q, want %q", got, want)
	}
	if zone := b.text("#zone"); !strings.Contains(zone, "Europe/Paris") {
		t.Errorf("the foot says %q", zone)
	}
}

func TestPagesWorkWithoutScript(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	b := newTab(t, look{})
	command(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	for _, p := range s.pages(t) {
		if !slices.Contains([]string{"overview", "event", "run-failed", "issues", "scheduled", "pause", "rule", "docs-search"}, p.name) {
			continue
		}
		b.open(s.Console + p.path)
		if text := value[string](b, "document.body.innerText"); !strings.Contains(text, p.shows) {
			t.Errorf("%s does not show %q:\n%s", p.path, p.shows, text)
		}
	}
	b.open(s.Console + "/events?" + url.Values{"q": {"robin"}}.Encode())
	if text := b.text("#events"); !strings.Contains(text, "Product introduction") || strings.Contains(text, "Live demo") || !value[bool](b, `document.querySelector("#events tbody time").title.endsWith(" UTC")`) {
		t.Errorf("the list is\n%s", text)
	}
}
