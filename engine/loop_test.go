package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
)

const thanks = `
rules:
  - name: thanks
    event: scheduling.*
    actions:
      - id: thank
        for_each: invitees()
        on_error: %s
        probe: { text: "${{ each_index }} ${{ each }}" }
      - probe: { text: "sent ${{ len(actions.thank) }}: ${{ join(map(actions.thank, string(#.number)), ' ') }}" }
`

// guests makes an event with n optional invitees besides a@buyer.example.
func guests(n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("g%d@buyer.example", i))
	}
	return []string{"meeting.meetingInfo.primaryInvitee", "a@buyer.example", "meeting.meetingInfo.optionalInvitees", strings.Join(list, ";")}
}

// TestForEach: one sending for each element, each with a key and a result of its
// own, and a list of the results afterwards.
func TestForEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, fmt.Sprintf(thanks, "stop"))
		number := 0
		b.probe.answer = func(context.Context, sending) (any, error) { number++; return &probeResult{Number: number}, nil }
		b.take(event.TypeScheduled, "e1", guests(2)...)
		settle()
		run := b.only()
		want := []string{"0 a@buyer.example", "1 g0@buyer.example", "2 g1@buyer.example", "sent 3: 1 2 3"}
		if diff := cmp.Diff(want, b.probe.texts()); diff != "" || run.Status != event.StatusSucceeded {
			t.Errorf("run %s: %s\n%s", run.Status, run.Reason, diff)
		}
		if diff := cmp.Diff([]string{"for_each#1 succeeded", "thank[0] succeeded", "thank[1] succeeded", "thank[2] succeeded", "probe#3 succeeded"}, b.history(run)); diff != "" {
			t.Error(diff)
		}
		keys := map[string]bool{}
		for _, s := range b.probe.all() {
			keys[s.Key] = true
		}
		if len(keys) != 4 {
			t.Errorf("%d keys of 4 sendings", len(keys))
		}
	})
}

// TestForEachContinuesWhereItWas: a process that ends in the middle does not send
// to the elements before again, and the list is the one of the beginning.
func TestForEachContinuesWhereItWas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, fmt.Sprintf(thanks, "stop"))
		b.probe.answer = func(_ context.Context, s sending) (any, error) {
			if strings.HasPrefix(s.Text, "1 ") && s.Try == 1 {
				return nil, event.Failf(event.CauseServer, true, "busy")
			}
			return &probeResult{Number: 5}, nil
		}
		b.take(event.TypeScheduled, "e1", guests(2)...)
		settle()
		b.close()
		b.open("second")
		time.Sleep(time.Minute)
		settle()
		var sent []string
		keys := map[string]string{}
		for _, s := range b.probe.all() {
			sent = append(sent, s.Text)
			if key, known := keys[s.Text]; known && key != s.Key {
				t.Errorf("%s: another key", s.Text)
			}
			keys[s.Text] = s.Key
		}
		want := []string{"0 a@buyer.example", "1 g0@buyer.example", "1 g0@buyer.example", "2 g1@buyer.example", "sent 3: 5 5 5"}
		if diff := cmp.Diff(want, sent); diff != "" {
			t.Error(diff)
		}
	})
}

// TestForEachAndFailures: with continue, the failure of one element is that of one.
func TestForEachAndFailures(t *testing.T) {
	t.Parallel()
	for onError, want := range map[string][]string{
		"continue": {"0 a@buyer.example", "1 g0@buyer.example", "2 g1@buyer.example", "sent 3: 0 7 7"},
		"stop":     {"0 a@buyer.example"},
	} {
		t.Run(onError, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, fmt.Sprintf(thanks, onError))
				b.probe.answer = func(_ context.Context, s sending) (any, error) {
					if strings.HasPrefix(s.Text, "0 ") {
						return nil, event.Failf(event.CauseClient, false, "no")
					}
					return &probeResult{Number: 7}, nil
				}
				b.take(event.TypeScheduled, "e1", guests(2)...)
				settle()
				if diff := cmp.Diff(want, b.probe.texts()); diff != "" {
					t.Error(diff)
				}
				run := b.only()
				if failed := run.Status == event.StatusFailed; failed != (onError == "stop") || failed && !strings.Contains(run.Reason, "action thank[0]") {
					t.Errorf("run %s: %s", run.Status, run.Reason)
				}
			})
		})
	}
}

// TestForEachIsBounded: too many elements are told before anything is sent.
func TestForEachIsBounded(t *testing.T) {
	t.Parallel()
	check := func(list, reason string, change ...string) {
		t.Run(list, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, `
rules:
  - name: many
    event: scheduling.*
    actions:
      - for_each: `+list+`
        probe: { text: "${{ each }}" }
`)
				b.take(event.TypeScheduled, "e1", change...)
				settle()
				run := b.only()
				if run.Status != event.StatusFailed || !strings.Contains(run.Reason, reason) || len(b.probe.texts()) != 0 {
					t.Errorf("run %s: %s, sent %d", run.Status, run.Reason, len(b.probe.texts()))
				}
			})
		})
	}
	check("invitees()", "the list has 101 elements, but max is 100; nothing was sent", guests(100)...)
	check("1..5\n        max: 4", "the list has 5 elements, but max is 4")
	check("data.id", "for_each needs a list, but this is text")
	check("map(1..100, meeting.meetingInfo.location)", "the elements are larger than 256 KiB", "meeting.meetingInfo.location", strings.Repeat("x", 12000))
}

// TestStepsForEach: a group for each element, whose steps see the results of the
// same element, and each of whose failures is of one element.
func TestStepsForEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: each
    event: scheduling.*
    actions:
      - for_each: '["a", "b", "c"]'
        when: each != "b"
        on_error: continue
        steps:
          - id: find
            probe: { text: "find ${{ each }}" }
          - when: actions.find.number == 1
            probe: { text: "one ${{ each }}" }
        else:
          - probe: { text: "else ${{ each }}" }
      - probe: { text: "found ${{ join(map(actions.find, string(#.number)), ' ') }}" }
`)
		b.probe.answer = func(_ context.Context, s sending) (any, error) {
			if s.Text == "find a" {
				return &probeResult{Number: 1}, nil
			}
			return &probeResult{Number: 2}, nil
		}
		b.take(event.TypeScheduled, "e1")
		settle()
		want := []string{"find a", "one a", "else b", "find c", "found 1 0 2"}
		if diff := cmp.Diff(want, b.probe.texts()); diff != "" {
			t.Errorf("%s\n%s", diff, b.only().Reason)
		}
	})
}

// TestForEachAfterAKill: the last element of which nobody knows whether it was
// sent is sent again with its key; those before are not.
func TestForEachAfterAKill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, fmt.Sprintf(thanks, "stop"))
		hang := make(chan struct{})
		b.probe.answer = func(ctx context.Context, s sending) (any, error) {
			if strings.HasPrefix(s.Text, "1 ") {
				select {
				case <-hang:
				case <-ctx.Done():
					return nil, errors.New("cut off")
				}
			}
			return &probeResult{Number: 3}, nil
		}
		b.take(event.TypeScheduled, "e1", guests(2)...)
		settle()
		b.close()
		close(hang)
		b.open("second")
		time.Sleep(5 * time.Minute)
		settle()
		counts := map[string]int{}
		for _, s := range b.probe.all() {
			counts[s.Text+" "+s.Key]++
		}
		if len(counts) != 4 {
			t.Errorf("%v", counts)
		}
		for text, n := range counts {
			if want := 1 + strings.Count(text[:2], "1 "); n != want {
				t.Errorf("%s: %d times", text, n)
			}
		}
	})
}

// TestForEachInTheShadow lists what would be sent for each element.
func TestForEachInTheShadow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, strings.Replace(fmt.Sprintf(thanks, "stop"), "event: sch", "mode: shadow\n    event: sch", 1))
		b.take(event.TypeScheduled, "e1", guests(1)...)
		settle()
		if diff := cmp.Diff([]string{"for_each#1 succeeded", "thank[0] skipped", "thank[1] skipped", "probe#3 skipped"}, b.history(b.only())); diff != "" {
			t.Error(diff)
		}
	})
}
