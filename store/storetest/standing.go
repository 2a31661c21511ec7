package storetest

import (
	"fmt"
	"slices"
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

func refusalTests() map[string]func(*world) {
	return map[string]func(*world){
		"refused requests add up by reason and source": refusalsAddUp,
		"rules with waiting runs are named":            waitingRules,
		"a mark says how far something was told":       marks,
		"many sources displace none that is known":     refusalsBounded,
	}
}

func refused(reason, source string, n int64, first, last int) event.Refusal {
	return event.Refusal{Reason: reason, Source: source, Count: n, First: at(first), Last: at(last)}
}

func waitingRules(w *world) {
	names := func(limit int) []string {
		list, err := w.WaitingRules(w.Context(), limit)
		w.must(err)
		return list
	}
	w.equal("without runs", names(9), []string(nil))
	var planned []event.PlannedRun
	ev := w.scheduled("e1", "m1", 0)
	for i, rule := range []string{"later", "Émile", "later", "zz", "a-rule", "pending"} {
		run := planOf(ev, fmt.Sprint(i), rule)
		if rule != "pending" {
			run = asleep(run, 60)
		}
		planned = append(planned, run)
	}
	w.accept(ev, planned...)
	found := names(9)
	slices.Sort(found) // a database has an order of its own
	w.equal("rules", found, []string{"a-rule", "later", "zz", "Émile"})
	w.equal("at most two", len(names(2)), 2)
	w.must(w.CancelRun(w.Context(), w.run("3").ID, at(1), "by hand"))
	found = names(9)
	slices.Sort(found)
	w.equal("after a cancel", found, []string{"a-rule", "later", "Émile"})
}

func refusalsAddUp(w *world) {
	w.must(w.AddRefusals(w.Context(), []event.Refusal{refused("signature", "192.0.2.1", 2, 1, 2), refused("malformed", "192.0.2.1", 1, 2, 2)}, at(2)))
	w.must(w.db(w.T).AddRefusals(w.Context(), []event.Refusal{refused("signature", "192.0.2.1", 3, 3, 4)}, at(4))) // another process
	got, err := w.Refusals(w.Context())
	w.must(err)
	w.equal("refused", got, []event.Refusal{refused("signature", "192.0.2.1", 5, 1, 4), refused("malformed", "192.0.2.1", 1, 2, 2)})
	w.equal("counted", w.tallied(w.Store, 0), "0 refuse malformed 1\n0 refuse signature 5")

	later := 8 * 24 * 60
	w.must(w.AddRefusals(w.Context(), []event.Refusal{refused("busy", "", 1, later, later)}, at(later)))
	got, err = w.Refusals(w.Context())
	w.must(err)
	w.equal("after a week", got, []event.Refusal{refused("busy", "", 1, later, later)})
}

func refusalsBounded(w *world) {
	w.must(w.AddRefusals(w.Context(), []event.Refusal{refused("signature", "198.51.100.1", 1, 0, 0)}, at(0)))
	for day := range 20 { // of somebody with many addresses
		var flood []event.Refusal
		minute := 1 + day*6*60
		for i := range 300 {
			flood = append(flood, refused("signature", fmt.Sprintf("203.0.%d.%d", day, i), 1, minute, minute))
		}
		w.must(w.AddRefusals(w.Context(), flood, at(minute)))
	}
	last := 19*6*60 + 2
	w.must(w.AddRefusals(w.Context(), []event.Refusal{refused("signature", "198.51.100.1", 1, last, last)}, at(last)))
	got, err := w.Refusals(w.Context())
	w.must(err)
	sum := int64(0)
	for _, r := range got {
		sum += r.Count
	}
	w.equal("first row", got[0], refused("signature", "198.51.100.1", 2, 0, last))
	w.equal("requests", sum, int64(2+20*300))
	if len(got) > 5*event.RefusalsPerDay+1 {
		w.Errorf("%d rows", len(got))
	}
}

func marks(w *world) {
	is := func(want, name string) {
		w.Helper()
		got, err := w.db(w.T).Mark(w.Context(), name) // as another process
		w.must(err)
		w.equal(name, got, want)
	}
	is("", "failures/1")
	w.must(w.SetMark(w.Context(), "failures/1", "12"))
	w.must(w.SetMark(w.Context(), "failures/2", "until 5 o'clock"))
	is("12", "failures/1")
	is("", "FAILURES/1")
	w.must(w.db(w.T).SetMark(w.Context(), "failures/1", "13"))
	is("13", "failures/1")
	w.must(w.SetMark(w.Context(), "failures/1", ""))
	is("", "failures/1")
	is("until 5 o'clock", "failures/2")
}
