package window_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/window"
)

// book keeps the state of one scope, and fails the call that is named.
type book struct {
	unused []event.Occurrence
	used   map[string][]int64 // by run
	span   event.Span
	awake  bool
	fails  string
}

var errBook = errors.New("the book is lost")

func (b *book) err(call string) error {
	if b.fails == call {
		return errBook
	}
	return nil
}

func (b *book) Near(_ string, moment time.Time, length time.Duration, n int) ([]event.Occurrence, error) {
	var near []event.Occurrence
	for _, o := range b.unused {
		if moment.Sub(o.At).Abs() <= length {
			near = append(near, o)
		}
	}
	return near, b.err("Near")
}

func (b *book) Note(_ string, o event.Occurrence, run string) error {
	if run == "" {
		b.unused = append(b.unused, o)
		slices.SortStableFunc(b.unused, func(x, y event.Occurrence) int { return x.At.Compare(y.At) })
	} else {
		b.used[run] = append(b.used[run], o.Seq)
	}
	return b.err("Note")
}

func (b *book) Use(_ string, used []event.Occurrence, run string) error {
	for _, u := range used {
		b.used[run] = append(b.used[run], u.Seq)
		b.unused = slices.DeleteFunc(b.unused, func(o event.Occurrence) bool { return o.Seq == u.Seq })
	}
	return b.err("Use")
}

func (b *book) Span(string) (event.Span, error) { return b.span, b.err("Span") }

func (b *book) SetSpan(_ string, s event.Span) error {
	b.span = s
	return b.err("SetSpan")
}

func (b *book) Sleeps(string) (bool, error) { return !b.awake, b.err("Sleeps") }

var nine = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return nine.Add(time.Duration(minutes) * time.Minute) }

// happen lets an event of that minute come at that minute, and returns its run.
func (b *book) happen(t *testing.T, minute int, windows ...event.Window) *event.Run {
	t.Helper()
	run, err := b.decide(minute, minute, windows...)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func (b *book) decide(minute, now int, windows ...event.Window) (*event.Run, error) {
	if b.used == nil {
		b.used = map[string][]int64{}
	}
	run := &event.Run{ID: fmt.Sprint("r", minute), Status: event.StatusPending, Lanes: []string{"lane"}}
	here := event.Occurrence{EventID: fmt.Sprint("e", minute), Seq: int64(minute), At: at(minute)}
	return run, window.Decide(b, &event.PlannedRun{Windows: windows}, run, here, at(now))
}

func TestThreshold(t *testing.T) {
	t.Parallel()
	three := event.Window{Kind: event.WindowThreshold, Rule: "r", Count: 3, Length: time.Hour, Label: "Kim"}
	for name, c := range map[string]struct {
		minutes []int
		last    string // the reason of the last
		used    []int64
	}{
		"the first":             {[]int{0}, "threshold: 1 of 3 within 1h for Kim", nil},
		"two":                   {[]int{0, 60}, "threshold: 2 of 3 within 1h for Kim", nil},
		"three":                 {[]int{0, 30, 60}, "threshold: 3 within 1h for Kim", []int64{60, 0, 30}},
		"three, too long":       {[]int{0, 30, 61}, "threshold: 2 of 3 within 1h for Kim", nil},
		"the count begins anew": {[]int{0, 10, 20, 30}, "threshold: 1 of 3 within 1h for Kim", nil},
		"a late one counts":     {[]int{0, 60, 30}, "threshold: 3 within 1h for Kim", []int64{30, 0, 60}},
		"a late one, before":    {[]int{40, 60, 0}, "threshold: 3 within 1h for Kim", []int64{0, 40, 60}},
		"a late one, too early": {[]int{41, 61, 0}, "threshold: 2 of 3 within 1h for Kim", nil},
		"the earliest stretch":  {[]int{0, 100, 120, 50}, "threshold: 2 of 3 within 1h for Kim", nil},
		"the fullest stretch":   {[]int{0, 10, 130, 70}, "threshold: 2 of 3 within 1h for Kim", nil},
	} {
		var b book
		var run *event.Run
		for _, minute := range c.minutes {
			run = b.happen(t, minute, three)
		}
		reached := c.used != nil
		want := event.Run{ID: run.ID, Status: event.StatusPending, Reason: c.last, Lanes: []string{"lane"}}
		if !reached {
			counted := int(c.last[len("threshold: ")] - '0')
			want = event.Run{ID: run.ID, Status: event.StatusSkipped, Reason: c.last, Finished: at(c.minutes[len(c.minutes)-1]), HeldBack: &event.Held{Window: event.WindowThreshold, Counted: counted}}
		}
		if diff := cmp.Diff(&want, run) + cmp.Diff(c.used, b.used[run.ID]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestThrottle(t *testing.T) {
	t.Parallel()
	var b book
	once := event.Window{Kind: event.WindowThrottle, Rule: "r", Length: 90 * time.Minute}
	goes := func(minute, suppressed int) {
		t.Helper()
		run := b.happen(t, minute, once)
		if run.Status != event.StatusPending || run.Suppressed() != suppressed || run.Lanes == nil || !run.Finished.IsZero() {
			t.Errorf("minute %d: %+v, %d suppressed", minute, run, run.Suppressed())
		}
	}
	rests := func(minute, until int) {
		t.Helper()
		run := b.happen(t, minute, once)
		want := event.Run{
			ID: run.ID, Status: event.StatusSkipped, HeldBack: &event.Held{Window: event.WindowThrottle, Until: at(until)}, Finished: at(minute),
			Reason: "throttled: once in 1h30m, the next from " + event.TimeText(at(until)),
		}
		if diff := cmp.Diff(&want, run); diff != "" {
			t.Errorf("minute %d (-want +got):\n%s", minute, diff)
		}
	}
	goes(0, 0)
	rests(1, 90)
	rests(89, 90)
	goes(90, 2) // a run that is held back does not lengthen it
	rests(91, 180)
	goes(200, 1)
	goes(400, 0)
}

func TestDigest(t *testing.T) {
	t.Parallel()
	var b book
	daily := event.Window{Kind: event.WindowDigest, Rule: "r", Length: 10 * time.Minute, Label: "Kim"}
	begins := func(minute int) {
		t.Helper()
		run := b.happen(t, minute, daily)
		until := at(minute + 10)
		want := event.Run{ID: run.ID, Status: event.StatusWaiting, Due: until, Reason: "digest: collects events until " + event.TimeText(until) + " for Kim"}
		if diff := cmp.Diff(&want, run) + cmp.Diff(event.Span{Until: until, Run: run.ID}, b.span); diff != "" {
			t.Errorf("minute %d (-want +got):\n%s", minute, diff)
		}
	}
	begins(0)
	run := b.happen(t, 9, daily)
	want := event.Run{
		ID: "r9", Status: event.StatusSkipped, Reason: "in the digest of run r0, due " + event.TimeText(at(10)), Finished: at(9), HeldBack: &event.Held{Window: event.WindowDigest},
	}
	if diff := cmp.Diff(&want, run) + cmp.Diff(map[string][]int64{"r0": {0, 9}}, b.used); diff != "" {
		t.Errorf("collected (-want +got):\n%s", diff)
	}
	begins(10)
	b.awake = true // its process has claimed it early, by a clock that is ahead
	begins(19)
}

// TestWindowsInTheirOrder: what the first does not let through is not asked
// further.
func TestWindowsInTheirOrder(t *testing.T) {
	t.Parallel()
	var b book
	two, once := event.Window{Kind: event.WindowThreshold, Count: 2, Length: time.Hour}, event.Window{Kind: event.WindowThrottle, Length: time.Hour}
	b.happen(t, 0, two, once)
	if !b.span.Until.IsZero() {
		t.Error("a run that only counts begins a throttle")
	}
	if run := b.happen(t, 1, two, once); run.Status != event.StatusPending || !b.span.Until.Equal(at(61)) {
		t.Errorf("%+v, span %+v", run, b.span)
	}
	b.happen(t, 2, two, once)
	if run := b.happen(t, 3, two, once); !strings.HasPrefix(run.Reason, "throttled: once in 1h, ") {
		t.Errorf("%+v", run)
	}
}

// TestLengthsInWords writes them without zero parts.
func TestLengthsInWords(t *testing.T) {
	t.Parallel()
	for length, want := range map[time.Duration]string{
		time.Hour: "1h", 90 * time.Minute: "1h30m", 45 * time.Minute: "45m", 30 * time.Second: "30s", 24 * time.Hour: "24h",
		time.Hour + 20*time.Second: "1h0m20s", 10 * time.Minute: "10m", 10 * time.Hour: "10h",
	} {
		var b book
		if run := b.happen(t, 0, event.Window{Kind: event.WindowThreshold, Count: 2, Length: length}); run.Reason != "threshold: 1 of 2 within "+want {
			t.Errorf("%s: %q, want %q", length, run.Reason, want)
		}
	}
}

// TestLostBook: what cannot be kept is never decided.
func TestLostBook(t *testing.T) {
	t.Parallel()
	for kind, calls := range map[event.WindowKind][]string{
		event.WindowThreshold: {"Near", "Note"}, event.WindowThrottle: {"Span", "SetSpan"}, event.WindowDigest: {"Span", "SetSpan", "Note"},
	} {
		for _, call := range calls {
			b := book{fails: call}
			_, err := b.decide(0, 0, event.Window{Kind: kind, Rule: "spike", Count: 2, Length: time.Hour})
			if !errors.Is(err, errBook) || !strings.HasPrefix(err.Error(), string(kind)+` of rule "spike": `) {
				t.Errorf("%s, %s: %v", kind, call, err)
			}
		}
	}
	// And when there is something to use, to hold back or to join.
	for kind, calls := range map[event.WindowKind][]string{
		event.WindowThreshold: {"Note", "Use"}, event.WindowThrottle: {"SetSpan"}, event.WindowDigest: {"Sleeps", "Note"},
	} {
		for _, call := range calls {
			var b book
			w := event.Window{Kind: kind, Rule: "spike", Count: 2, Length: time.Hour}
			b.happen(t, 0, w)
			b.fails = call
			if _, err := b.decide(1, 1, w); !errors.Is(err, errBook) {
				t.Errorf("second, %s, %s: %v", kind, call, err)
			}
		}
	}
}

// TestForecast says what Decide then does.
func TestForecast(t *testing.T) {
	t.Parallel()
	here := event.Occurrence{EventID: "e60", Seq: 60, At: at(60)}
	near := func(minutes ...int) []event.Occurrence {
		var out []event.Occurrence
		for _, m := range minutes {
			out = append(out, event.Occurrence{Seq: int64(m), At: at(m)})
		}
		return out
	}
	three := event.Window{Kind: event.WindowThreshold, Count: 3, Length: time.Hour}
	once, daily := event.Window{Kind: event.WindowThrottle, Length: time.Hour}, event.Window{Kind: event.WindowDigest, Length: time.Hour}
	for name, c := range map[string]struct {
		state event.WindowState
		w     event.Window
		opens bool
		used  []int64
	}{
		"one":                     {event.WindowState{}, three, false, []int64{60}},
		"two":                     {event.WindowState{Near: near(0)}, three, false, []int64{0, 60}},
		"three":                   {event.WindowState{Near: near(0, 120)}, three, false, []int64{60, 120}},
		"three within":            {event.WindowState{Near: near(0, 30)}, three, true, []int64{0, 30, 60}},
		"three, later":            {event.WindowState{Near: near(70, 120)}, three, true, []int64{60, 70, 120}},
		"too far away":            {event.WindowState{Near: near(-1, 121)}, three, false, []int64{60}},
		"throttle, none":          {event.WindowState{}, once, true, nil},
		"throttle holds":          {event.WindowState{Span: event.Span{Until: at(61)}}, once, false, nil},
		"throttle ends":           {event.WindowState{Span: event.Span{Until: at(60)}}, once, true, nil},
		"digest, none":            {event.WindowState{}, daily, true, nil},
		"digest collects":         {event.WindowState{Span: event.Span{Until: at(61), Run: "r"}, Collects: true}, daily, false, nil},
		"digest, run is awake":    {event.WindowState{Span: event.Span{Until: at(61), Run: "r"}}, daily, true, nil},
		"digest is over":          {event.WindowState{Span: event.Span{Until: at(60), Run: "r"}, Collects: true}, daily, true, nil},
		"digest, a span of other": {event.WindowState{Span: event.Span{Until: at(61)}, Collects: true}, daily, true, nil},
	} {
		got := window.ForecastOf(&c.state, c.w, here, at(60))
		var used []int64
		for _, o := range got.Used {
			used = append(used, o.Seq)
		}
		if diff := cmp.Diff(c.used, used); got.Opens != c.opens || got.Counted != len(c.used) || diff != "" {
			t.Errorf("%s: %+v (-want +got):\n%s", name, got, diff)
		}
	}
}
