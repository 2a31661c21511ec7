package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestAQuietSourceShows looks at the overview while the next event is overdue,
// when it comes, and when the one after it is.
func TestAQuietSourceShows(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{Args: []string{"--expect-event-every", "3s"}})
	p.MustPost(testkit.Sample(t, event.TypeWebhookTest, "validation"))
	for _, l := range []look{{}, {Dark: true}, {Narrow: true}} {
		b := newTab(t, l)
		b.open(p.Console)
		b.sees(".notice.warn time[datetime]")
		if text := b.text(".notice.warn"); !strings.Contains(text, "The next was expected before now") || !strings.Contains(text, "so check before") {
			t.Errorf("%s: the page says %q", l, text)
		}
		if over := value[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
			t.Errorf("%s: it is %d pixels wider than the window", l, over)
		}
		b.accessible("/")
		// Another event, and another silence: the page follows both by itself.
		before := value[string](b, "document.querySelector('.notice.warn time').getAttribute('datetime')")
		p.MustPost(testkit.Sample(t, event.TypeScheduled, "seen-"+l.String()))
		b.sees(fmt.Sprintf(".notice.warn time:not([datetime=%q])", before))
		b.shoot("overview-quiet-" + l.String())
	}
}
