package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// hostile is what a stranger may type as a name.
const hostile = `<img src=x onerror="window.broken=1"><script>window.broken=1</script>`

// scene is a Gavel with something on every page.
type scene struct {
	*testkit.Process
	// healed makes the destination that refuses everything accept it.
	healed   atomic.Bool
	meetings []booking
}

// sceneRules are rules that succeed, fail, wait, skip and rest.
func sceneRules(target string) string {
	return fmt.Sprintf(`connections:
  crm: { kind: http, base_url: %[1]s }
  desk: { kind: http, base_url: %[1]s }

vars:
  home: acme.example

rules:
  - name: alert-on-cancellation
    description: Tell the sales team at once.
    event: scheduling.smartscheduler.canceled
    when: meeting.meetingOwner.username endsWith "@" + vars.home
    actions:
      - log: { message: "Canceled: ${{ meeting.meetingInfo.meetingName }}" }

  - name: book-in-crm
    description: Find the invitee in the CRM, create the contact if it is not there, note the meeting.
    event: [scheduling.smartscheduler.scheduled, scheduling.smartscheduler.rescheduled]
    actions:
      - id: find
        http: { connection: crm, url: /contacts, query: { email: "${{ meeting.meetingInfo.primaryInvitee }}" } }
      - id: create
        when: len(actions.find.body.items) == 0
        http: { connection: crm, method: POST, url: /contacts, json: { email: "${{ meeting.meetingInfo.primaryInvitee }}" } }
      - id: note
        http: { connection: crm, method: POST, url: /tasks, json: { subject: "${{ meeting.meetingInfo.meetingName }}" } }

  - name: thank-you
    description: An hour after the meeting.
    event: scheduling.smartscheduler.scheduled
    actions:
      - wait: { until: meeting.meetingEnd + duration("1h") }
      - log: { message: "Thank you" }

  - name: open-a-ticket
    event: organization.setting.changed
    actions:
      - id: ticket
        http: { connection: desk, method: POST, url: /tickets, json: { title: "Setting changed" } }

  - name: try-the-new-text
    event: scheduling.smartscheduler.canceled
    mode: shadow
    actions:
      - log: { message: "A new text" }

  - name: at-rest
    enabled: false
    event: "*"
    actions:
      - log: { message: "never" }
`, target)
}

// newScene starts Gavel and sends it events.
func newScene(t *testing.T) *scene { return newSceneOf(t, bookings(), "") }

// newSceneOf starts Gavel with meetings of one's own, of which there must be
// two, on a database; empty means a new one.
func newSceneOf(t *testing.T, meetings []booking, database string) *scene {
	t.Helper()
	s := &scene{meetings: meetings}
	target := httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(target.Close)
	s.Process = testkit.Start(t, testkit.Serve{Rules: sceneRules(target.URL), Database: database})
	s.fill(t)
	return s
}

func (s *scene) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Path == "/tickets" && !s.healed.Load():
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"error":"the field queue is missing"}`)
	case r.Method == http.MethodGet:
		fmt.Fprint(w, `{"items":[]}`)
	default:
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":"42"}`)
	}
}

// booking is one of the meetings in the scene.
type booking struct{ ID, Name, Who, Mail, Owner string }

func bookings() []booking {
	return []booking{
		{"m-intro", "Product introduction", "Robin Globex", "robin@globex.example", "host@acme.example"},
		{"m-demo", "Live demo", "Kim Initech", "kim@initech.example", "sales@acme.example"},
		{"m-review", "Quarterly review", "Sam Umbrella", "sam@umbrella.example", "host@acme.example"},
		{"m-hostile", hostile, hostile, "stranger@evil.example", "host@acme.example"},
	}
}

// fill sends the events of the scene and waits for what they start.
func (s *scene) fill(t *testing.T) {
	t.Helper()
	s.MustPost(testkit.Sample(t, event.TypeWebhookTest, "ev-test"))
	for _, b := range s.meetings {
		s.book(t, b, event.TypeScheduled, "ev-booked-"+b.ID)
	}
	s.book(t, s.meetings[0], event.TypeRescheduled, "ev-moved-m-intro")
	s.book(t, s.meetings[1], event.TypeCanceled, "ev-canceled-m-demo")
	setting := testkit.Sample(t, event.TypeSettingChanged, "ev-setting")
	s.MustPost(setting)
	s.MustPost(setting) // a repeat
	s.MustPost(testkit.Sample(t, "something.new.happened", "ev-unheard-of"))
	testkit.Eventually(t, "the runs of the scene have ended or wait", func() bool {
		return len(s.Runs(t, url.Values{"event": {"ev-setting"}, "status": {"failed"}})) == 1 && s.Status(t, "pending")+s.Status(t, "running") == 0
	})
}

func (s *scene) book(t *testing.T, b booking, eventType, id string) {
	t.Helper()
	s.MustPost(testkit.Sample(t, eventType, id,
		"eventTimestamp", time.Now().UTC().Format(time.RFC3339Nano), "meeting.id", b.ID,
		"meeting.meetingInfo.meetingName", b.Name, "meeting.meetingInfo.primaryInviteeName", b.Who,
		"meeting.meetingInfo.primaryInvitee", b.Mail, "meeting.meetingOwner.username", b.Owner))
}
