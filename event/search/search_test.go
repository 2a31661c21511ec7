package search_test

import (
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/search"
)

func TestSearch(t *testing.T) {
	t.Parallel()
	ev := &event.Event{
		Envelope: event.Envelope{ID: "8E3C1f0e-4c0b-11ee", Type: event.TypeScheduled},
		Meeting: &event.Meeting{
			ID: "m-77", Owner: event.Person{Username: "sales@acme.example", FirstName: "Åsa", LastName: "O'Brien"},
			Info: event.Info{MeetingName: "Live demo", PrimaryInviteeName: "Kim Initech", PrimaryInvitee: "kim.p@initech.example"},
		},
		Change: &event.Change{}, Test: &event.Test{},
	}
	words := search.Words(ev)
	check := func(text, owner string, want bool) {
		t.Helper()
		if got := search.New(text, owner).Fits(words); got != want {
			t.Errorf("%q, owner %q: %t, want %t in %q", text, owner, got, want, words)
		}
	}
	check("", "", true)
	check("kim init", "", true)
	check("DEMO", "", true)
	check("demo kim", "", true)
	check("itech", "", false) // words are found by how they begin
	check("kim.p@initech.example", "", true)
	check("kim.q@initech.example", "", false)
	check("8e3c1f0e-4c", "", true)
	check("8e3c1f0e 4c", "", false)
	check("c1f0e", "", false)
	check("m-77", "", true)
	check("åsa", "", true)
	check("", "sales@", true)
	check("", "ÅSA brien", true)
	check("", "kim", false)
	check("kim", "acme", true)
	check("kim", "initech", false)
	check("%", "", false)
	check("*", "sales", false)
	check("kim", "@@", false)
	check(`"kim" OR x`, "", false)
}

func TestWordsAreBounded(t *testing.T) {
	t.Parallel()
	ev := &event.Event{Meeting: &event.Meeting{}, Change: &event.Change{}, Test: &event.Test{}}
	var long strings.Builder
	for i := range 500 {
		long.WriteString(strings.Repeat("é", i) + " ")
	}
	ev.Meeting.Info.OptionalInvitees = long.String()
	words := search.Words(ev)
	if len(words) > 100 || len(strings.Join(words, " ")) > 8000 {
		t.Errorf("%d words of %d bytes", len(words), len(strings.Join(words, " ")))
	}
}

// TestType: a search for a type, or for how types begin.
func TestType(t *testing.T) {
	t.Parallel()
	words := search.Words(&event.Event{
		Envelope: event.Envelope{ID: "e-1", Type: event.TypeScheduled},
		Meeting:  &event.Meeting{Info: event.Info{PrimaryInviteeName: "Kim"}}, Change: &event.Change{}, Test: &event.Test{},
	})
	for pattern, want := range map[string]bool{
		"": true, "*": true, event.TypeScheduled: true, "scheduling.*": true, "SCHEDULING.SmartScheduler.*": true,
		event.TypeCanceled: false, "smartscheduler.*": false,
	} {
		if got := search.New("kim", "").OfType(pattern).Fits(words); got != want {
			t.Errorf("type %q: %t, want %t in %q", pattern, got, want, words)
		}
		if search.New("pat", "").OfType(pattern).Fits(words) {
			t.Errorf("type %q alone is enough", pattern)
		}
	}
	if q := search.New("", "").OfType("x.y").OfType("*"); q.Type != "" {
		t.Errorf("the type before is still asked for: %+v", q)
	}
	for text, empty := range map[string]bool{"": true, "kim": false, "@": false} {
		if got := search.New(text, "").Empty(); got != empty {
			t.Errorf("%q asks for nothing: %t", text, got)
		}
		if got := search.New("", text).Empty(); got != empty {
			t.Errorf("owner %q asks for nothing: %t", text, got)
		}
	}
}

// TestWhereWordsStand: every place that people look for is indexed, and no
// answer of a form is.
func TestWhereWordsStand(t *testing.T) {
	t.Parallel()
	ev := &event.Event{
		Envelope: event.Envelope{ID: "evt-id", Type: "kind.of.event"},
		Meeting: &event.Meeting{
			ID: "meet-id", EmailMeetingID: "mail-id", Owner: event.Person{Username: "username", FirstName: "first", LastName: "last"},
			Info: event.Info{
				MeetingName: "name", PrimaryInviteeName: "invitee", PrimaryInvitee: "address", OptionalInvitees: "optional",
				Location: "location", FormValues: []event.FormValue{{Question: "question", AnswerText: "answer"}},
			},
		},
		Change: &event.Change{Setting: event.Setting{Title: "title", Name: "setting"}, ModifiedBy: event.Person{Username: "modifier"}},
		Test:   &event.Test{Username: "tester"},
	}
	words := search.Words(ev)
	for text, want := range map[string]bool{
		"evt-id": true, "evtid": true, "meet-id": true, "mail-id": true, "kind": true, "event": true,
		"username": true, "first": true, "last": true, "name": true, "invitee": true, "address": true, "optional": true,
		"title": true, "setting": true, "modifier": true, "tester": true,
		"location": false, "question": false, "answer": false, "id": false,
	} {
		if got := search.New(text, "").Fits(words); got != want {
			t.Errorf("%q: %t, want %t in %q", text, got, want, words)
		}
		owner := text == "username" || text == "first" || text == "last"
		if got := search.New("", text).Fits(words); got != owner {
			t.Errorf("owner %q: %t, want %t", text, got, owner)
		}
	}
}

// TestLongWords are found by as much of them as is indexed.
func TestLongWords(t *testing.T) {
	t.Parallel()
	ev := &event.Event{Meeting: &event.Meeting{}, Change: &event.Change{}, Test: &event.Test{}}
	for _, letter := range []string{"x", "é", "語"} {
		word := strings.Repeat(letter, 200)
		ev.ID, ev.Meeting.Info.MeetingName = word+"7", word+"8"
		words := search.Words(ev)
		for _, text := range []string{letter, word[:60], word, word + "7", word + "8"} {
			if !search.New(text, "").Fits(words) {
				t.Errorf("%d bytes of %s are not found", len(text), letter)
			}
		}
		if search.New(word[:60]+"y", "").Fits(words) {
			t.Errorf("another word is found by %s", letter)
		}
		for _, w := range words {
			if len(w) > 65 || strings.ContainsRune(w, 0xfffd) {
				t.Errorf("%d bytes: %q", len(w), w)
			}
		}
	}
	ev.ID, ev.Meeting.Info.MeetingName = "", strings.Repeat("kim ", 200)+"last"
	if !search.New("last", "").Fits(search.Words(ev)) {
		t.Error("a word that stands often counts as many")
	}
	var names strings.Builder
	for i := range 96 {
		names.WriteString(strings.Repeat("a", i%60+1) + string(rune('b'+i/60)) + " ")
	}
	ev.Meeting.Info.MeetingName = names.String()
	if n := len(search.Words(ev)); n != 96 {
		t.Errorf("%d words of 96 are indexed", n)
	}
}
