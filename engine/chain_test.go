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

const contacts = `
chains:
  upsert:
    inputs: { email: text, company: optional text, at: optional time }
    steps:
      - id: find
        probe: { text: "find ${{ inputs.email }} ${{ inputs.company }}" }
      - id: log
        chain: note
        with: { number: "${{ actions.find.number }}" }
    outputs:
      id: ${{ actions.find.number }}
      note: "${{ actions.log.text }}"
      at: ${{ inputs.at }}
  note:
    inputs: { number: number }
    steps:
      - id: find
        when: inputs.number > 1
        probe: { text: "note ${{ inputs.number }}" }
    outputs: { text: "noted ${{ inputs.number }}, ${{ actions.find.number }}" }
rules:
  - name: contact
    event: scheduling.*
    %s
    actions:
      - id: find
        probe: { text: own }
      - id: upsert
        chain: upsert
        with: { email: "${{ meeting.meetingInfo.primaryInvitee }}", at: "${{ meeting.meetingStart }}" }
        on_error: %s
      - probe: { text: "found ${{ actions.find.number }}, contact ${{ actions.upsert.id }}: ${{ actions.upsert.note }}" }
`

func counting(b *bench) {
	n := 0
	b.probe.answer = func(context.Context, sending) (any, error) { n++; return &probeResult{Number: n}, nil }
}

// TestChainOfSteps: a chain sees its inputs and its own actions; afterwards only its
// outputs are left.
func TestChainOfSteps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, fmt.Sprintf(contacts, "", "stop"))
		counting(b)
		b.take(event.TypeScheduled, "e1", guests(0)...)
		settle()
		run := b.only()
		want := []string{"own", "find a@buyer.example ", "note 2", "found 1, contact 2: noted 2, 3"}
		if diff := cmp.Diff(want, b.probe.texts()); diff != "" || run.Status != event.StatusSucceeded {
			t.Errorf("run %s: %s\n%s", run.Status, run.Reason, diff)
		}
		history := []string{
			"find succeeded", "upsert succeeded", "upsert.find succeeded", "upsert.log succeeded", "upsert.log.find succeeded",
			"upsert.log.outputs#6 succeeded", "upsert.outputs#7 succeeded", "probe#8 succeeded",
		}
		if diff := cmp.Diff(history, b.history(run)); diff != "" {
			t.Error(diff)
		}
	})
}

// TestChainAfterAKill: the step that was cut off is sent again with its key and
// with the inputs of the beginning, although the meeting has changed; those
// before are not.
func TestChainAfterAKill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, fmt.Sprintf(contacts, "", "stop"))
		hang := make(chan struct{})
		b.probe.answer = func(ctx context.Context, s sending) (any, error) {
			if strings.HasPrefix(s.Text, "note ") {
				select {
				case <-hang:
				case <-ctx.Done():
					return nil, errors.New("cut off")
				}
			}
			return &probeResult{Number: 5}, nil
		}
		b.take(event.TypeScheduled, "e1", guests(0)...)
		settle()
		b.close()
		close(hang)
		b.open("second")
		time.Sleep(5 * time.Minute)
		settle()
		keys := map[string]map[string]int{}
		for _, s := range b.probe.all() {
			if keys[s.Text] == nil {
				keys[s.Text] = map[string]int{}
			}
			keys[s.Text][s.Key]++
		}
		for text, times := range map[string]int{"own": 1, "find a@buyer.example ": 1, "note 5": 2, "found 5, contact 5: noted 5, 5": 1} {
			if len(keys[text]) != 1 {
				t.Errorf("%q has %d keys", text, len(keys[text]))
			}
			for _, n := range keys[text] {
				if n != times {
					t.Errorf("%q was sent %d times", text, n)
				}
			}
		}
		if len(keys) != 4 {
			t.Errorf("%v", keys)
		}
	})
}

// TestChainAndFailures: a failure inside ends the run, or the chain.
func TestChainAndFailures(t *testing.T) {
	t.Parallel()
	for onError, want := range map[string][]string{
		"continue": {"own", "find a@buyer.example ", "found 4, contact none: "},
		"stop":     {"own", "find a@buyer.example "},
	} {
		t.Run(onError, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, strings.ReplaceAll(fmt.Sprintf(contacts, "", onError), "contact ${{ actions.upsert.id }}", "contact ${{ actions.upsert.id ?? 'none' }}"))
				b.probe.answer = func(_ context.Context, s sending) (any, error) {
					if strings.HasPrefix(s.Text, "find ") {
						return nil, event.Failf(event.CauseClient, false, "no")
					}
					return &probeResult{Number: 4}, nil
				}
				b.take(event.TypeScheduled, "e1", guests(0)...)
				settle()
				run := b.only()
				if diff := cmp.Diff(want, b.probe.texts()); diff != "" || (run.Status == event.StatusFailed) != (onError == "stop") {
					t.Errorf("run %s: %s\n%s", run.Status, run.Reason, diff)
				}
			})
		})
	}
}

// TestChainNeedsItsInputs: nothing of a chain is sent without an input that it
// needs.
func TestChainNeedsItsInputs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, fmt.Sprintf(contacts, "", "stop"))
		b.take(event.TypeScheduled, "e1", "meeting.meetingInfo.primaryInvitee", "")
		settle()
		run := b.only()
		if diff := cmp.Diff([]string{"own"}, b.probe.texts()); diff != "" || !strings.Contains(run.Reason, `input "email" is absent; nothing was sent by the chain (action upsert)`) {
			t.Errorf("run %s: %s\n%s", run.Status, run.Reason, diff)
		}
	})
}

// TestChainForEach: a chain for each element, and a list of its outputs.
func TestChainForEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, strings.Split(fmt.Sprintf(contacts, "", "stop"), "rules:")[0]+`
rules:
  - name: each
    event: scheduling.*
    actions:
      - id: all
        for_each: '["a", "b"]'
        chain: upsert
        with: { email: "${{ each }}", company: "${{ each_index }}th" }
      - probe: { text: "all ${{ join(map(actions.all, string(#.id)), ' ') }}" }
`)
		counting(b)
		b.take(event.TypeScheduled, "e1")
		settle()
		want := []string{"find a 0th", "find b 1th", "note 2", "all 1 2"}
		if diff := cmp.Diff(want, b.probe.texts()); diff != "" {
			t.Errorf("%s\n%s\n%v", diff, b.only().Reason, b.history(b.only()))
		}
	})
}

// TestChainInTheShadow: what a chain sends is listed, as far as it is known.
func TestChainInTheShadow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, fmt.Sprintf(contacts, "mode: shadow", "stop"))
		b.take(event.TypeScheduled, "e1", guests(0)...)
		settle()
		run := b.only()
		want := []string{
			"find skipped", "upsert succeeded", "upsert.find skipped", "upsert.log succeeded", "upsert.log.find skipped",
			"upsert.log.outputs#6 skipped", "upsert.outputs#7 skipped", "probe#8 skipped",
		}
		if diff := cmp.Diff(want, b.history(run)); diff != "" || run.Status != event.StatusSucceeded || len(b.probe.texts()) > 0 {
			t.Errorf("run %s: %s\n%s", run.Status, run.Reason, diff)
		}
	})
}

// TestWaitInAChainFollowsTheMeeting: the wait is moved with its inputs, also once
// the run has left the chain, and nothing is sent twice.
func TestWaitInAChainFollowsTheMeeting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
chains:
  soon:
    inputs: { before: text }
    steps:
      - sleep: { until: meeting.meetingStart - duration(inputs.before) }
      - probe: { text: soon }
    outputs: { said: "${{ inputs.before }}" }
rules:
  - name: remind
    event: scheduling.smartscheduler.scheduled
    actions:
      - id: soon
        chain: soon
        with: { before: 1h }
      - probe: { text: "said ${{ actions.soon.said }}" }
`)
		begun := time.Now()
		busy := true
		b.probe.answer = func(_ context.Context, s sending) (any, error) {
			if busy && s.Text == "said 1h" {
				return nil, event.Failf(event.CauseServer, true, "busy")
			}
			return &probeResult{}, nil
		}
		later := about(41 * time.Hour)
		b.take(event.TypeScheduled, "booked", about(10*time.Hour)...)
		settle()
		b.take(event.TypeRescheduled, "moved", about(21*time.Hour)...)
		settle()
		b.close() // and another process goes on
		b.open("second")
		time.Sleep(20*time.Hour + time.Second)
		settle()
		busy = false
		b.take(event.TypeRescheduled, "moved again", later...)
		time.Sleep(48 * time.Hour)
		settle()
		var told []string
		for _, s := range b.probe.all() {
			told = append(told, s.Text+" "+s.At.Sub(begun).Round(time.Minute).String())
		}
		if diff := cmp.Diff([]string{"soon 20h0m0s", "said 1h 20h0m0s", "said 1h 40h0m0s"}, told); diff != "" {
			t.Errorf("%s\n%s", diff, strings.Join(b.history(b.runs()[0]), "\n"))
		}
	})
}
