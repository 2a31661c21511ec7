package event_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gavel-rules/gavel/event"
)

// TestKeys: a key leads back to its organisation and id, whatever is in them,
// and a reference to a key finds that key alone.
func TestKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ organization, id, key, ref string }{
		{"", "e1", "e1", "/e1"},
		{"org", "e1", "org/e1", "org/e1"},
		{"", "a/b", "/a/b", "/a/b"},
		{"org", "a/b", "org/a/b", "org/a/b"},
	} {
		key := event.Key(c.organization, c.id)
		if key != c.key || event.RefOf(key) != c.ref {
			t.Errorf("%q %q: key %q, reference %q", c.organization, c.id, key, event.RefOf(key))
		}
		if organization, id := event.SplitKey(key); organization != c.organization || id != c.id {
			t.Errorf("key %q is split into %q and %q", key, organization, id)
		}
		if found, exact := event.ParseRef(event.RefOf(key)); found != key || !exact {
			t.Errorf("reference %q finds %q, exact %t", event.RefOf(key), found, exact)
		}
	}
	if key, exact := event.ParseRef("e1"); key != "e1" || exact {
		t.Errorf("an id alone is %q, exact %t", key, exact)
	}
	if got := event.RefOf(""); got != "" {
		t.Errorf("a reference to nothing is %q", got)
	}
}

func TestAmbiguous(t *testing.T) {
	t.Parallel()
	err := event.Ambiguous("event", "e1", []string{"e1", "org/e1"})
	if !errors.Is(err, event.ErrConflict) || !strings.HasSuffix(err.Error(), `event id "e1" is used by several organizations; say which: /e1 or org/e1`) {
		t.Error(err)
	}
}

func TestEventBelongsToItsOrganization(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		guid, scope, meeting              string
		organization, key, ref, meets, at string
	}{
		"none":       {key: "e", ref: "/e"},
		"named":      {guid: "org", organization: "org", key: "org/e", ref: "org/e"},
		"meeting":    {guid: "org", meeting: "m", organization: "org", key: "org/e", ref: "org/e", meets: "org/m", at: "org/m"},
		"m. alone":   {meeting: "m", key: "e", ref: "/e", meets: "m", at: "/m"},
		"scope":      {guid: "org", scope: "s", meeting: "m", organization: "s", key: "s/e", ref: "s/e", meets: "s/m", at: "s/m"},
		"with slash": {guid: "a/b", organization: event.HashID("a/b"), key: event.HashID("a/b") + "/e", ref: event.HashID("a/b") + "/e"},
	} {
		ev := &event.Event{Envelope: event.Envelope{ID: "e", OrganizationGUID: c.guid}, Scope: c.scope, Meeting: &event.Meeting{ID: c.meeting}}
		got := []string{ev.Organization(), ev.Key(), ev.Ref(), ev.MeetingKey(), ev.MeetingRef()}
		if diff := cmp.Diff([]string{c.organization, c.key, c.ref, c.meets, c.at}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		run := &event.Run{EventID: "e", Organization: ev.Organization(), MeetingID: c.meeting}
		got = []string{run.EventKey(), run.EventRef(), run.MeetingKey(), run.MeetingRef()}
		if diff := cmp.Diff([]string{c.key, c.ref, c.meets, c.at}, got); diff != "" {
			t.Errorf("run, %s (-want +got):\n%s", name, diff)
		}
	}
	if ev := (&event.Event{}); ev.HasMeeting() || ev.MeetingKey() != "" {
		t.Error("an event without a meeting has one")
	}
	if id := event.HashID("x"); len(id) > 100 || id == event.HashID("y") || id != event.HashID("x") {
		t.Errorf("the hash of an id is %q", id)
	}
}

// TestWithBody: everything but the body stays, and its data is read anew.
func TestWithBody(t *testing.T) {
	t.Parallel()
	ev := &event.Event{
		Envelope: event.Envelope{ID: "e", Type: "x.y"}, Meeting: &event.Meeting{ID: "m"}, Change: &event.Change{}, Test: &event.Test{Username: "u"},
		Body: []byte(`{"data": {"n": 1}}`), Received: time.Unix(5, 0), Drift: []event.Drift{{Path: "p"}}, Scope: "s",
	}
	ev.Data()
	other := ev.WithBody([]byte(`{"data": {"n": 12345678901234567890}}`))
	if diff := cmp.Diff(ev, other, cmpopts.IgnoreUnexported(event.Event{}), cmpopts.IgnoreFields(event.Event{}, "Body")); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	if got := other.Data().(map[string]any)["n"]; got != event.NumberOf("12345678901234567890") {
		t.Errorf("its data is %v", got)
	}
	if got := ev.Data().(map[string]any)["n"]; got != 1 {
		t.Errorf("the data of the first is %v", got)
	}
	if got := (&event.Event{Body: []byte("sealed")}).Data(); got != nil {
		t.Errorf("a body that is no JSON has data %v", got)
	}
}
