package e2e

import (
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/standin"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// livingRules keep one message for each meeting.
const livingRules = `connections:
  slack: { token: "${{ env.SLACK_BOT_TOKEN }}", api_url: "${{ env.SLACK_API_URL }}" }
rules:
  - name: keep
    event: scheduling.*
    late: run
    actions:
      - slack: { channel: "#sales", text: "*${{ meeting.meetingInfo.meetingName }}* at ${{ meeting.meetingInfo.location }}", living: true }
        retry: { max: 5, initial: 20ms, longest: 50ms }
`

// story sends events of one meeting, each a minute after the one before.
type story struct {
	t     *testing.T
	p     *testkit.Process
	start time.Time
	n     int
}

func newStory(t *testing.T, s *standin.Slack, rules, database string, args ...string) *story {
	t.Helper()
	p := testkit.Start(t, testkit.Serve{Rules: rules, Env: slackEnv(s), Database: database, Args: args})
	return &story{t: t, p: p, start: time.Now().Add(-time.Hour)}
}

// event is what happens next to the meeting, at a location. It returns its id.
func (s *story) event(kind, location string) (id string, body []byte) {
	s.n++
	id = fmt.Sprintf("e-%d", s.n)
	set := []string{"meeting.id", "m-1", "meeting.meetingInfo.meetingName", "Demo", "meeting.meetingInfo.location", location, "meeting.isCanceled", fmt.Sprint(kind == event.TypeCanceled)}
	return id, testkit.Sample(s.t, kind, id, append(set, "eventTimestamp", s.start.Add(time.Duration(s.n)*time.Minute).UTC().Format(time.RFC3339))...)
}

// happens lets something happen and waits until its run has ended.
func (s *story) happens(kind, location string) history {
	s.t.Helper()
	id, body := s.event(kind, location)
	s.p.MustPost(body)
	return endedRun(s.t, s.p, id)
}

// seen is what people see in Slack, with how many calls changed something.
func seen(s *standin.Slack) string {
	var lines []string
	for _, m := range s.Messages() {
		line := m.Text
		if m.ThreadTS != "" {
			line = "> " + line
		}
		if m.Edited {
			line += " (edited)"
		}
		lines = append(lines, line)
	}
	return fmt.Sprintf("%s | %d calls", strings.Join(lines, ", "), len(s.Received()))
}

func sees(t *testing.T, s *standin.Slack, want string) {
	t.Helper()
	if got := seen(s); got != want {
		t.Errorf("people see\n%s, want\n%s", got, want)
	}
}

// TestOneMessageForAMeeting books, moves and cancels a meeting.
func TestOneMessageForAMeeting(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		s := newSlack(t)
		m := newStory(t, s, livingRules, database)
		m.happens(event.TypeScheduled, "Paris")
		sees(t, s, "*Demo* at Paris | 1 calls")
		m.happens(event.TypeRescheduled, "Rome")
		sees(t, s, "*Demo* at Rome (edited) | 2 calls")
		run := m.happens(event.TypeCanceled, "Rome")
		sees(t, s, "~*Demo* at Rome~ (edited) | 3 calls")
		r := testkit.Gavel(t, "explain", "e-3", "--server", m.p.Console)
		if want := "which shows the state of event e-3"; r.Code != 0 || !strings.Contains(r.Stdout, "it would change the message posted at 20") || !strings.Contains(r.Stdout, want) {
			t.Errorf("explain does not say %q:\n%s%s", want, r.Stdout, r.Stderr)
		}
		if r := testkit.Gavel(t, "explain", "e-1", "--server", m.p.Console); !strings.Contains(r.Stdout, "it would send nothing: its message shows the newer state of event e-3") {
			t.Errorf("explain of an older event:\n%s%s", r.Stdout, r.Stderr)
		}
		back := testkit.Run(t, testkit.Command{Args: []string{"backtest", "--rules", m.p.RulesFile, "--since", "3650d", "--database", m.p.Database}, Env: slackEnv(s)})
		if !regexp.MustCompile(`keep +3 +3 +0 +0 +0 +3 slack`).MatchString(back.Stdout) {
			t.Errorf("a back-test differs from what really ran:\n%s%s", back.Stdout, back.Stderr)
		}
		if a := run.Attempts[0]; !strings.Contains(string(a.Response), `"did": "updated"`) || !strings.Contains(string(a.Request), `"living": true`) {
			t.Errorf("the history says %s, %s", a.Request, a.Response)
		}
		if r := testkit.Gavel(t, "events", "replay", "e-3", "--yes", "--server", m.p.Console); r.Code != 0 {
			t.Fatalf("replay: %s", r.Stderr)
		}
		testkit.Eventually(t, "a replay of what it shows shows it again", func() bool { return len(s.Received()) == 4 })
		m.start = m.start.Add(-time.Hour)
		if run := m.happens(event.TypeRescheduled, "late"); run.Status != event.StatusSucceeded || run.Reason != "a newer state of the meeting was shown: that of event e-3" {
			t.Errorf("the run of a late event is %s: %s", run.Status, run.Reason)
		}
		sees(t, s, "~*Demo* at Rome~ (edited) | 4 calls")
	})
}

// TestOneMessageAfterAKill kills the process when Slack has the message and
// nobody knows it yet.
func TestOneMessageAfterAKill(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		s := newSlack(t)
		m := newStory(t, s, livingRules, database)
		var once sync.Once
		killed := make(chan struct{})
		s.On(func(standin.SlackMessage) {
			once.Do(func() { m.p.Kill(); close(killed) })
		})
		id, body := m.event(event.TypeScheduled, "Paris")
		m.p.MustPost(body)
		<-killed
		m.p.Restart()
		run := endedRun(t, m.p, id)
		sees(t, s, "*Demo* at Paris | 1 calls")
		last := run.Attempts[len(run.Attempts)-1]
		if run.Status != event.StatusSucceeded || last.Reason != "an earlier try had posted it" {
			t.Errorf("the run is %s: %s", run.Status, last.Reason)
		}
		m.happens(event.TypeRescheduled, "Rome")
		sees(t, s, "*Demo* at Rome (edited) | 2 calls")
	})
}

// TestOneMessageForManyRuns lets runs of many meetings, which nothing else keeps
// in order, change one message at the same time.
func TestOneMessageForManyRuns(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		s := newSlack(t)
		m := newStory(t, s, strings.Replace(livingRules, "living: true", "living: true, per: event.organizationGuid", 1), database)
		const meetings = 12
		var sending sync.WaitGroup
		for i := range meetings {
			body := testkit.Sample(t, event.TypeScheduled, fmt.Sprintf("many-%d", i), "meeting.id", fmt.Sprint("m-", i),
				"meeting.meetingInfo.meetingName", "Demo", "meeting.meetingInfo.location", fmt.Sprint("place ", i),
				"eventTimestamp", m.start.Add(time.Duration(i)*time.Minute).UTC().Format(time.RFC3339))
			sending.Go(func() { m.p.MustPost(body) })
		}
		sending.Wait()
		for i := range meetings {
			if run := endedRun(t, m.p, fmt.Sprintf("many-%d", i)); run.Status != event.StatusSucceeded {
				t.Errorf("run %d is %s: %s", i, run.Status, run.Reason)
			}
		}
		got := s.Messages()
		if len(got) != 1 || got[0].Text != "*Demo* at place 11" {
			t.Errorf("people see %s", seen(s))
		}
	})
}

// TestAMessageThatCannotBeLookedUp has a token without the scopes for that.
func TestAMessageThatCannotBeLookedUp(t *testing.T) {
	t.Parallel()
	s := standin.NewSlack(standin.SlackOptions{Token: "xoxb-right", Scopes: []string{"chat:write"}})
	must(t, s.Start(""))
	t.Cleanup(func() { _ = s.Stop(t.Context()) })
	m := newStory(t, s, livingRules, "")
	var once sync.Once
	killed := make(chan struct{})
	s.On(func(standin.SlackMessage) {
		once.Do(func() { m.p.Kill(); close(killed) })
	})
	id, body := m.event(event.TypeScheduled, "Paris")
	m.p.MustPost(body)
	<-killed
	m.p.Restart()
	run := endedRun(t, m.p, id)
	sees(t, s, "*Demo* at Paris, *Demo* at Paris | 2 calls")
	want := "an earlier try may have posted the message too; that could not be looked up: slack answered missing_scope; add the scopes channels:history"
	if got := run.Attempts[len(run.Attempts)-1].Reason; !strings.HasPrefix(got, want) {
		t.Errorf("the history says %q, want %q", got, want)
	}
}

// TestOneMessageAfterKills kills the process at every first call for an event.
func TestOneMessageAfterKills(t *testing.T) {
	t.Parallel()
	s := newSlack(t)
	m := newStory(t, s, livingRules, "")
	var armed atomic.Bool
	down := make(chan struct{}, 1)
	s.On(func(standin.SlackMessage) {
		if armed.CompareAndSwap(true, false) {
			m.p.Kill()
			down <- struct{}{}
		}
	})
	for i, kind := range []string{event.TypeScheduled, event.TypeRescheduled, event.TypeRescheduled, event.TypeCanceled} {
		id, body := m.event(kind, fmt.Sprintf("place %d", i))
		armed.Store(true)
		m.p.MustPost(body)
		<-down
		m.p.Restart()
		endedRun(t, m.p, id)
	}
	sees(t, s, "~*Demo* at place 3~ (edited) | 7 calls")
}

// TestAMessageThatCannotBeChanged is deleted by a person, or too old to be
// edited.
func TestAMessageThatCannotBeChanged(t *testing.T) {
	t.Parallel()
	s := newSlack(t)
	m := newStory(t, s, livingRules, "")
	m.happens(event.TypeScheduled, "Paris")
	s.Delete(s.Messages()[0].TS)
	run := m.happens(event.TypeRescheduled, "Rome")
	sees(t, s, "*Demo* at Rome | 2 calls")
	if got, want := run.Attempts[0].Reason, "the message was deleted in Slack: a new one was posted"; got != want {
		t.Errorf("the history says %q, want %q", got, want)
	}
	s.Lock(s.Messages()[0].TS, "edit_window_closed")
	run = m.happens(event.TypeRescheduled, "Oslo")
	sees(t, s, "*Demo* at Rome, *Demo* at Oslo | 3 calls")
	if got, want := run.Attempts[0].Reason, "Slack does not let the message be changed any more (edit_window_closed): a new one was posted, the old one stays as it is"; got != want {
		t.Errorf("the history says %q, want %q", got, want)
	}
	m.happens(event.TypeRescheduled, "Bonn")
	sees(t, s, "*Demo* at Rome, *Demo* at Bonn (edited) | 4 calls")
}

// TestANewMessageAfterAKill kills the process when it has posted a new message in
// the place of one that was deleted.
func TestANewMessageAfterAKill(t *testing.T) {
	t.Parallel()
	s := newSlack(t)
	m := newStory(t, s, livingRules, "")
	m.happens(event.TypeScheduled, "Paris")
	s.Delete(s.Messages()[0].TS)
	var once sync.Once
	killed := make(chan struct{})
	s.On(func(standin.SlackMessage) {
		once.Do(func() { m.p.Kill(); close(killed) })
	})
	id, body := m.event(event.TypeRescheduled, "Rome")
	m.p.MustPost(body)
	<-killed
	m.p.Restart()
	endedRun(t, m.p, id)
	sees(t, s, "*Demo* at Rome | 2 calls")
}

// TestALivingMessageOfPrivateData is kept in a sealed database, with private
// fields, until its meeting is erased.
func TestALivingMessageOfPrivateData(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "keys")
	must(t, os.WriteFile(key, []byte(base64.StdEncoding.EncodeToString(make([]byte, 32))), 0o600))
	sealed := []string{"--encryption-key-file", key}
	s := newSlack(t)
	m := newStory(t, s, livingRules, "", append(sealed, "--redact-fields", "meeting.meetingInfo.location")...)
	_, body := m.event(event.TypeScheduled, "Paris")
	m.p.MustPost(body)
	testkit.Eventually(t, "it is posted", func() bool { return seen(s) == "*Demo* at Paris | 1 calls" })
	_, body = m.event(event.TypeRescheduled, "Rome")
	m.p.MustPost(body)
	testkit.Eventually(t, "it is changed", func() bool { return seen(s) == "*Demo* at Rome (edited) | 2 calls" })
	r := testkit.Gavel(t, "explain", "e-2", "--server", m.p.Console)
	if !strings.Contains(r.Stdout, "it would change the message posted at") || strings.Contains(r.Stdout, "Rome") {
		t.Errorf("explain says\n%s%s", r.Stdout, r.Stderr)
	}
	// Nothing of it is listed as memory.
	res, err := m.p.Client.Get(m.p.Console + "/api/v1/meetings/m-1")
	must(t, err)
	defer res.Body.Close()
	if page, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(page), `"memory":[]`) {
		t.Errorf("the meeting: %s, %v", page, err)
	}
	if r := testkit.Gavel(t, append([]string{"events", "erase", "--email", "invitee@globex.example", "--yes", "--database", m.p.Database}, sealed...)...); r.Code != 0 {
		t.Fatalf("erase: %s", r.Stderr)
	}
	_, body = m.event(event.TypeRescheduled, "Oslo")
	m.p.MustPost(body)
	testkit.Eventually(t, "after the erasure there is a new one", func() bool {
		return seen(s) == "*Demo* at Rome (edited), *Demo* at Oslo | 3 calls"
	})
}

// TestALivingThread replies, and begins anew when its first message is gone.
func TestALivingThread(t *testing.T) {
	t.Parallel()
	s := newSlack(t)
	m := newStory(t, s, strings.Replace(livingRules, "living: true", "living: thread", 1), "")
	m.happens(event.TypeScheduled, "Paris")
	run := m.happens(event.TypeRescheduled, "Rome")
	sees(t, s, "*Demo* at Paris, > *Demo* at Rome | 2 calls")
	if got := string(run.Attempts[0].Response); !strings.Contains(got, `"did": "replied"`) {
		t.Errorf("the history says %s", got)
	}
	s.Delete(s.Messages()[0].TS)
	m.happens(event.TypeCanceled, "Rome")
	sees(t, s, "> *Demo* at Rome, *Demo* at Rome | 3 calls")
	m.happens(event.TypeRescheduled, "Oslo")
	sees(t, s, "> *Demo* at Rome, *Demo* at Rome, > *Demo* at Oslo | 4 calls")
}

// TestOnlyTheNewestStateAfterAPause pauses the connection while much happens.
func TestOnlyTheNewestStateAfterAPause(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		s := newSlack(t)
		m := newStory(t, s, livingRules, database)
		m.happens(event.TypeScheduled, "Paris")
		pause := func(args ...string) {
			t.Helper()
			if r := testkit.Gavel(t, append([]string{"connections"}, append(args, "--server", m.p.Console)...)...); r.Code != 0 {
				t.Fatalf("%s: %s", args, r.Stderr)
			}
		}
		pause("pause", "slack")
		var ids []string
		for i := range 5 {
			id, body := m.event(event.TypeRescheduled, fmt.Sprintf("place %d", i))
			ids = append(ids, id)
			m.p.MustPost(body)
		}
		testkit.Eventually(t, "the runs are held", func() bool {
			return len(listRuns(t, m.p, "--status", "pending")) == 5
		})
		pause("resume", "slack", "--yes")
		for _, id := range ids {
			run := endedRun(t, m.p, id)
			if want := "a newer state of the meeting is shown instead: that of event"; id != "e-6" && !strings.HasPrefix(run.Reason, want) {
				t.Errorf("%s is %s: %q, want %q", id, run.Status, run.Reason, want)
			}
		}
		sees(t, s, "*Demo* at place 4 (edited) | 2 calls")
	})
}
