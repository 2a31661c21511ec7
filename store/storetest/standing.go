package storetest

import (
	"fmt"
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/window"
)

func standingTests() map[string]func(*world) {
	return map[string]func(*world){
		"a threshold can be looked at":           standingThreshold,
		"a throttle and a digest can be as well": standingSpans,
	}
}

// stands is where a window stands for an event at a minute, in short.
func (w *world) stands(asked event.Window, id string, minute int) string {
	w.Helper()
	here := event.Occurrence{EventID: event.Key("acme", id), At: at(minute)}
	if rec, err := w.Event(w.Context(), id); err == nil {
		here.Seq = rec.Seq
	}
	s, err := w.WindowState(w.Context(), asked, here)
	w.must(err)
	var words []string
	for _, o := range s.Near {
		words = append(words, strings.TrimPrefix(o.EventID, "acme/"))
	}
	if s.Noted {
		words = append(words, "noted", s.Run)
	}
	if !s.Span.Until.IsZero() {
		words = append(words, fmt.Sprintf("until %d held %d run %q %t",
			int(s.Span.Until.Sub(at(0)).Minutes()), s.Span.Suppressed, s.Span.Run, s.Collects))
	}
	o := window.ForecastOf(s, asked, here, at(minute))
	used := ""
	for _, u := range o.Used {
		used += " " + strings.TrimPrefix(u.EventID, "acme/")
	}
	words = append(words, fmt.Sprintf("opens %t counted %d%s", o.Opens, o.Counted, used))
	return strings.Join(words, " ")
}

func standingThreshold(w *world) {
	three := threshold("olga", 3, 60)
	w.equal("nothing yet", w.stands(three, "new", 0), "opens false counted 1 new")
	w.meets("1", 0, three)
	w.meets("2", 30, three)
	w.equal("the third would fire", w.stands(three, "new", 40), "1 2 opens true counted 3 1 2 new")
	w.equal("not if it comes too late", w.stands(three, "new", 70), "2 opens false counted 2 2 new")
	w.equal("an event does not count twice", w.stands(three, "2", 30), "1 noted  opens false counted 2 1 2")
	w.equal("looking counts nothing", w.stands(three, "new", 40), "1 2 opens true counted 3 1 2 new")
	w.equal("another key", w.stands(threshold("otto", 3, 60), "new", 40), "opens false counted 1 new")
	w.meets("3", 45, three)
	w.equal("used by a run", w.stands(three, "1", 0), "noted 3 opens false counted 1 1")
	w.equal("the one that fired", w.stands(three, "3", 45), "noted 3 opens false counted 1 3")
	w.equal("counts anew", w.stands(three, "new", 46), "opens false counted 1 new")
}

func standingSpans(w *world) {
	hourly := throttle("olga", 60)
	w.equal("open", w.stands(hourly, "new", 0), "opens true counted 0")
	w.meets("1", 0, hourly)
	w.meets("2", 12, hourly)
	w.equal("held back", w.stands(hourly, "new", 20), `until 60 held 1 run "" false opens false counted 0`)
	w.equal("open again", w.stands(hourly, "new", 60), `until 60 held 1 run "" false opens true counted 0`)
	daily := digest("", 60)
	w.meets("3", 0, daily)
	w.meets("4", 1, daily)
	w.equal("collected", w.stands(daily, "4", 1), `noted 3 until 60 held 0 run "3" true opens false counted 0`)
	w.claim("me", 61)
	w.equal("gone out", w.stands(daily, "new", 30), `until 60 held 0 run "3" false opens true counted 0`)
}
