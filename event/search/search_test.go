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
