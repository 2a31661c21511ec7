package engine_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
)

const reminder = `
rules:
  - name: remind
    event: scheduling.smartscheduler.scheduled
    when: meeting.meetingInfo.location != "cellar"
    actions:
      - sleep: { until: meeting.meetingStart - duration("1h") }
      - probe: { text: "soon: ${{ meeting.meetingStart }}" }
`

// about makes changes that put an event about meeting m, which starts in the
// given time.
func about(in time.Duration) []string {
	start := time.Now().Add(in).UTC()
	return []string{
		"meeting.id", "m", "meeting.meetingStart", start.Format(time.RFC3339), "meeting.meetingEnd", start.Add(time.Hour).Format(time.RFC3339),
	}
}

const (
	never  time.Duration = 0
	atOnce time.Duration = -1
)

func TestWaitFollowsTheMeeting(t *testing.T) {
	t.Parallel()
	check := func(name string, status event.Status, sentAfter time.Duration, story func(b *bench)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, reminder)
				begun := time.Now()
				b.take(event.TypeScheduled, "booked", about(10*time.Hour)...)
				settle()
				if run := b.runs()[0]; run.Status != event.StatusWaiting {
					t.Fatalf("run %s: %s", run.Status, run.Reason)
				}
				story(b)
				time.Sleep(48 * time.Hour)
				settle()
				if run := b.runs()[0]; run.Status != status {
					t.Errorf("run %s: %s; want %s\n%s", run.Status, run.Reason, status, strings.Join(b.history(run), "\n"))
				}
				var after []time.Duration
				for _, s := range b.probe.all() {
					after = append(after, s.At.Sub(begun).Round(time.Second))
				}
				var want []time.Duration
				switch sentAfter {
				case never:
				case atOnce:
					want = []time.Duration{0}
				default:
					want = []time.Duration{sentAfter}
				}
				if diff := cmp.Diff(want, after); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
	check("left alone", event.StatusSucceeded, 9*time.Hour, func(*bench) {})
	check("moved", event.StatusSucceeded, 20*time.Hour, func(b *bench) {
		b.take(event.TypeRescheduled, "moved", about(21*time.Hour)...)
	})
	check("moved twice in a minute", event.StatusSucceeded, 30*time.Hour, func(b *bench) {
		changes := about(31 * time.Hour)
		b.take(event.TypeRescheduled, "moved", about(21*time.Hour)...)
		time.Sleep(30 * time.Second)
		b.take(event.TypeRescheduled, "moved again", changes...)
	})
	check("moved to the same time", event.StatusSucceeded, 9*time.Hour, func(b *bench) {
		b.take(event.TypeRescheduled, "moved", about(10*time.Hour)...)
	})
	check("moved into the past", event.StatusSucceeded, atOnce, func(b *bench) {
		b.take(event.TypeRescheduled, "moved", about(-10*time.Hour)...)
	})
	check("canceled", event.StatusCanceled, never, func(b *bench) {
		b.take(event.TypeCanceled, "canceled", about(10*time.Hour)...)
	})
	check("condition no longer holds", event.StatusSkipped, never, func(b *bench) {
		b.take(event.TypeRescheduled, "moved", append(about(10*time.Hour), "meeting.meetingInfo.location", "cellar")...)
	})
	check("a late event undoes nothing", event.StatusSucceeded, 20*time.Hour, func(b *bench) {
		early := about(5 * time.Hour)
		earlier := time.Now().Add(10 * time.Second).UTC().Format(time.RFC3339)
		time.Sleep(time.Minute)
		b.take(event.TypeRescheduled, "moved", about(21*time.Hour-time.Minute)...)
		b.take(event.TypeRescheduled, "late", append(early, "eventTimestamp", earlier)...)
	})
}

// TestRetryFollowsTheMeeting: each try looks at what the meeting is by then.
func TestRetryFollowsTheMeeting(t *testing.T) {
	t.Parallel()
	const retried = `
rules:
  - name: remind
    event: scheduling.smartscheduler.scheduled
    when: meeting.meetingInfo.location != "cellar"
    actions:
      - sleep: { until: meeting.meetingStart - duration("1h") }
      - probe: { text: first }
      - when: meeting.meetingStart > now()
        probe: { text: "soon: ${{ meeting.meetingInfo.location }}" }
        retry: { initial: 40m, longest: 40m }
`
	type shot struct {
		Text  string
		After time.Duration
	}
	check := func(name string, failures int, status event.Status, want []shot, story func(b *bench)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, retried)
				begun, left := time.Now(), failures
				b.probe.answer = func(_ context.Context, s sending) (any, error) {
					if s.Text == "first" || left == 0 {
						return &probeResult{}, nil
					}
					left--
					return nil, &event.Failure{Cause: event.CauseServer, Retry: true, Text: "503"}
				}
				b.take(event.TypeScheduled, "booked", append(about(10*time.Hour), "meeting.meetingInfo.location", "hall")...)
				time.Sleep(9*time.Hour + time.Minute)
				settle()
				story(b)
				time.Sleep(72 * time.Hour)
				settle()
				var got []shot
				for _, s := range b.probe.all() {
					got = append(got, shot{s.Text, s.At.Sub(begun).Round(time.Hour)})
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
				if run := b.runs()[0]; run.Status != status {
					t.Errorf("run %s: %s; want %s\n%s", run.Status, run.Reason, status, strings.Join(b.history(run), "\n"))
				}
			})
		})
	}
	first, failed := shot{"first", 9 * time.Hour}, shot{"soon: hall", 9 * time.Hour}
	check("left alone", 1, event.StatusSucceeded, []shot{first, failed, {"soon: hall", 10 * time.Hour}}, func(*bench) {})
	check("moved", 1, event.StatusSucceeded, []shot{first, failed, {"soon: attic", 33 * time.Hour}}, func(b *bench) {
		b.take(event.TypeRescheduled, "moved", append(about(25*time.Hour-time.Minute), "meeting.meetingInfo.location", "attic")...)
	})
	check("moved, and moved again while it waits", 1, event.StatusSucceeded, []shot{first, failed, {"soon: attic", 57 * time.Hour}}, func(b *bench) {
		b.take(event.TypeRescheduled, "moved", about(25*time.Hour-time.Minute)...)
		time.Sleep(time.Hour)
		b.take(event.TypeRescheduled, "again", append(about(48*time.Hour-time.Minute), "meeting.meetingInfo.location", "attic")...)
	})
	check("canceled", 1, event.StatusCanceled, []shot{first, failed}, func(b *bench) {
		b.take(event.TypeCanceled, "canceled", about(time.Hour)...)
	})
	check("the rule no longer applies", 1, event.StatusSkipped, []shot{first, failed}, func(b *bench) {
		b.take(event.TypeRescheduled, "moved", append(about(time.Hour-time.Minute), "meeting.meetingInfo.location", "cellar")...)
	})
	check("the meeting has begun", 9, event.StatusSucceeded, []shot{first, failed, {"soon: hall", 10 * time.Hour}}, func(*bench) {})
}

// TestNowInARuleIsWhenItMatched: what has passed while the run waited does not
// make a condition false, and what the meeting has become does.
func TestNowInARuleIsWhenItMatched(t *testing.T) {
	t.Parallel()
	check := func(status event.Status, story func(b *bench)) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, strings.Replace(reminder, `meeting.meetingInfo.location != "cellar"`, `meeting.meetingStart - now() > duration("5h")`, 1))
			b.take(event.TypeScheduled, "booked", about(10*time.Hour)...)
			settle()
			story(b)
			time.Sleep(48 * time.Hour)
			settle()
			if run := b.runs()[0]; run.Status != status {
				t.Errorf("run %s: %s; want %s", run.Status, run.Reason, status)
			}
		})
	}
	check(event.StatusSucceeded, func(*bench) {})
	check(event.StatusSkipped, func(b *bench) {
		time.Sleep(time.Hour)
		b.take(event.TypeRescheduled, "moved", about(3*time.Hour)...) // four hours after it was booked
	})
}

// TestOneReminderForAMeeting: a rule on bookings and moves reminds once for
// each moment that the meeting really has.
func TestOneReminderForAMeeting(t *testing.T) {
	t.Parallel()
	const both = `
rules:
  - name: remind
    event: [scheduling.smartscheduler.scheduled, scheduling.smartscheduler.rescheduled]
    actions:
      - probe: { text: "told" }
      - sleep: { until: meeting.meetingStart - duration("1h") }
      - probe: { text: "${{ event.eventId }}", connection: probe }
        retry: { initial: 1h }
connections:
  probe: {}
`
	check := func(name, change string, want []string, statuses []event.Status, story func(b *bench)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, strings.Replace(both, "    actions:", change+"    actions:", 1))
				b.take(event.TypeScheduled, "booked", about(10*time.Hour)...)
				settle()
				story(b)
				time.Sleep(72 * time.Hour)
				settle()
				var got []string
				for _, s := range b.probe.all() {
					if s.Text != "told" {
						got = append(got, s.Text)
					}
				}
				slices.Sort(got)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
				var stand []event.Status
				for _, r := range b.runs() {
					stand = append(stand, r.Status)
				}
				if diff := cmp.Diff(statuses, stand); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
	moved := func(b *bench) {
		for _, id := range []string{"moved", "moved again"} {
			time.Sleep(time.Minute)
			b.take(event.TypeRescheduled, id, about(20*time.Hour)...)
			settle()
		}
	}
	const gone, sent = event.StatusCanceled, event.StatusSucceeded
	check("moved twice", "", []string{"moved again"}, []event.Status{gone, gone, sent}, moved)
	check("each event", "    each_event: true\n", []string{"booked", "moved", "moved again"}, []event.Status{sent, sent, sent}, moved)
	check("moved after the reminder", "", []string{"booked", "moved"}, []event.Status{sent, sent}, func(b *bench) {
		time.Sleep(9*time.Hour + time.Minute)
		settle()
		b.take(event.TypeRescheduled, "moved", about(20*time.Hour)...)
	})
	check("canceled and booked again", "", []string{"again"}, []event.Status{gone, sent}, func(b *bench) {
		b.take(event.TypeCanceled, "canceled", about(10*time.Hour)...)
		time.Sleep(time.Minute)
		b.take(event.TypeScheduled, "again", about(20*time.Hour)...)
	})
	check("a late event", "", []string{"moved"}, []event.Status{gone, sent, event.StatusSkipped}, func(b *bench) {
		before := time.Now().Add(time.Second).UTC().Format(time.RFC3339)
		time.Sleep(time.Minute)
		b.take(event.TypeRescheduled, "moved", about(20*time.Hour)...)
		b.take(event.TypeRescheduled, "late", append(about(5*time.Hour), "eventTimestamp", before)...)
	})
	check("moved before the wait is reached", "", []string{"moved"}, []event.Status{gone, sent}, func(b *bench) {
		b.take(event.TypeRescheduled, "moved", about(20*time.Hour)...)
	})
}

func TestCanceledAndBookedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, reminder)
		b.take(event.TypeScheduled, "booked", about(10*time.Hour)...)
		settle()
		b.take(event.TypeCanceled, "canceled", about(10*time.Hour)...)
		time.Sleep(time.Minute)
		b.take(event.TypeScheduled, "booked again", about(20*time.Hour)...)
		time.Sleep(48 * time.Hour)
		settle()
		var statuses []event.Status
		for _, r := range b.runs() {
			statuses = append(statuses, r.Status)
		}
		if diff := cmp.Diff([]event.Status{event.StatusCanceled, event.StatusSucceeded}, statuses); diff != "" {
			t.Error(diff)
		}
		if n := len(b.probe.all()); n != 1 {
			t.Errorf("%d reminders, want 1", n)
		}
	})
}

func TestWaitSurvivesRestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, reminder)
		begun := time.Now()
		b.take(event.TypeScheduled, "booked", about(10*time.Hour)...)
		settle()
		b.close()
		time.Sleep(time.Hour)
		b.open("second")
		time.Sleep(10 * time.Hour)
		settle()
		sent := b.probe.all()
		if len(sent) != 1 || sent[0].At.Sub(begun).Round(time.Second) != 9*time.Hour {
			t.Errorf("sent: %+v", sent)
		}
	})
}

func TestOrderWithinAMeeting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
connections:
  probe: {}
rules:
  - name: tell
    event: scheduling.*
    actions:
      - probe: { text: "${{ event.eventId }}" }
        retry: { initial: 10s }
`)
		b.probe.answer = failWith(1, &event.Failure{Cause: event.CauseServer, Retry: true, Text: "503"})
		b.take(event.TypeScheduled, "booked", about(10*time.Hour)...)
		settle()
		b.take(event.TypeCanceled, "canceled", about(10*time.Hour)...)
		b.take(event.TypeScheduled, "other meeting")
		settle()
		if diff := cmp.Diff([]string{"booked", "other meeting"}, b.probe.texts()); diff != "" {
			t.Errorf("while the first is being tried again: %s", diff)
		}
		time.Sleep(time.Minute)
		settle()
		if diff := cmp.Diff([]string{"booked", "other meeting", "booked", "canceled"}, b.probe.texts()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRuleOnTheCancellationCanWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: win-back
    event: scheduling.smartscheduler.canceled
    actions:
      - sleep: { until: event.eventTimestamp + duration("24h") }
      - probe: { text: come back }
`)
		b.take(event.TypeScheduled, "booked", about(10*time.Hour)...)
		time.Sleep(time.Minute)
		b.take(event.TypeCanceled, "canceled", about(10*time.Hour)...)
		time.Sleep(30 * time.Hour)
		settle()
		if n := len(b.probe.all()); n != 1 {
			t.Errorf("%d mails, want 1; run %+v", n, b.only())
		}
	})
}

// TestCancellationWaitsForWhatIsBeingSent: nothing of a meeting goes out after
// its cancellation has been answered.
func TestCancellationWaitsForWhatIsBeingSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, reminder)
		ended := make(chan time.Time, 1)
		b.probe.answer = func(context.Context, sending) (any, error) {
			time.Sleep(2 * time.Second)
			ended <- time.Now()
			return &probeResult{}, nil
		}
		b.take(event.TypeScheduled, "booked", about(2*time.Hour)...)
		time.Sleep(time.Hour)
		settle() // the reminder is being sent
		b.take(event.TypeCanceled, "canceled", about(2*time.Hour)...)
		select {
		case <-ended:
		default:
			t.Error("the cancellation was answered while the reminder was being sent")
		}
		settle()
		if run := b.runs()[0]; run.Status != event.StatusSucceeded {
			t.Errorf("run %s: %s", run.Status, run.Reason)
		}
	})
}

// TestMeetingChangesBeforeTheWaitBegins: a run that is held up before its wait
// meets the meeting as it is then.
func TestMeetingChangesBeforeTheWaitBegins(t *testing.T) {
	t.Parallel()
	const heldUp = `
rules:
  - name: remind
    event: scheduling.smartscheduler.scheduled
    actions:
      - probe: { text: first }
        retry: { initial: 1h }
      - sleep: { until: meeting.meetingStart - duration("1h") }
      - probe: { text: "soon: ${{ meeting.meetingStart }}" }
`
	check := func(status event.Status, sendings int, newer func(b *bench)) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, heldUp)
			b.probe.answer = failWith(1, &event.Failure{Cause: event.CauseServer, Retry: true, Text: "503"})
			begun := time.Now()
			b.take(event.TypeScheduled, "booked", about(90*time.Minute)...)
			time.Sleep(time.Minute)
			newer(b)
			time.Sleep(48 * time.Hour)
			settle()
			run := b.runs()[0]
			sent := b.probe.all()
			if run.Status != status || len(sent) != sendings {
				t.Fatalf("run %s: %s; sent %v", run.Status, run.Reason, b.probe.texts())
			}
			if after := sent[len(sent)-1].At.Sub(begun).Round(time.Minute); sendings == 3 && after != 21*time.Hour {
				t.Errorf("reminded after %s, want 21h", after)
			}
		})
	}
	check(event.StatusCanceled, 2, func(b *bench) { b.take(event.TypeCanceled, "canceled", about(89*time.Minute)...) })
	check(event.StatusSucceeded, 3, func(b *bench) { b.take(event.TypeRescheduled, "moved", about(22*time.Hour-time.Minute)...) })
}

// TestWakesLate: a reminder that came due while nothing ran is dropped if its
// author said so.
func TestWakesLate(t *testing.T) {
	t.Parallel()
	check := func(ifPast string, status event.Status) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, strings.Replace(reminder, `duration("1h") }`, `duration("1h"), if_past: `+ifPast+` }`, 1))
			b.take(event.TypeScheduled, "booked", about(10*time.Hour)...)
			settle()
			b.close()
			time.Sleep(12 * time.Hour)
			b.open("second")
			settle()
			if run := b.only(); run.Status != status {
				t.Errorf("if_past %s: run %s: %s", ifPast, run.Status, run.Reason)
			}
		})
	}
	check("skip", event.StatusSkipped)
	check("run", event.StatusSucceeded)
}

// TestInterruptedReminderCostsNoTry: a follow-up is marked before it is sent,
// and being cut off by shutdown still counts as no try.
func TestInterruptedReminderCostsNoTry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, reminder)
		b.probe.answer = func(ctx context.Context, _ sending) (any, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
		b.take(event.TypeScheduled, "booked", about(2*time.Hour)...)
		time.Sleep(time.Hour)
		settle()
		b.close()
		b.probe.answer = nil
		b.open("second")
		settle()
		sent := b.probe.all()
		if len(sent) != 2 || sent[1].Try != 1 || sent[1].Key != sent[0].Key {
			t.Errorf("sent: %+v", sent)
		}
		if run := b.only(); run.Status != event.StatusSucceeded {
			t.Errorf("run %s: %s", run.Status, run.Reason)
		}
	})
}

// A wait past the year 9999 fails by itself instead of spoiling every list that
// its run is in.
func TestWaitPastTheLastYear(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: remind
    event: scheduling.smartscheduler.scheduled
    actions: [ sleep: { until: meeting.meetingStart + duration("48h") }, probe: { text: soon } ]
`)
		b.take(event.TypeScheduled, "booked", "meeting.id", "m", "meeting.meetingStart", "9999-12-31T12:00:00Z")
		settle()
		run := b.runs()[0]
		if run.Status != event.StatusFailed || !strings.Contains(run.Reason, "the wait would end in year 10000") {
			t.Errorf("run %s: %s", run.Status, run.Reason)
		}
		if _, err := json.Marshal(run); err != nil {
			t.Errorf("the run cannot be shown: %v", err)
		}
	})
}
