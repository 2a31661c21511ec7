package search

import (
	"strings"
	"unicode"

	"github.com/gavel-rules/gavel/event"
)

// The first letter of an indexed word says which field it is from.
const (
	wordAnywhere = 'w'
	wordOwner    = 'o'
	wordID       = 'i'
	wordType     = 't'
)

const (
	// maxWords is how many words of an event are indexed, maxWord their longest
	// length in bytes.
	maxWords = 96
	maxWord  = 64
)

// Words returns the words an event can be found by: those of its names and
// addresses, those of its owner again, and its ids and its type as one word
// each. Each has a first letter for its field, and otherwise only letters and
// digits, in lower case.
func Words(ev *event.Event) []string {
	m := ev.Meeting
	var w words
	w.put(wordType, joined(ev.Type))
	for _, text := range []string{m.Owner.Username, m.Owner.FirstName, m.Owner.LastName} {
		w.add(wordOwner, text)
		w.add(wordAnywhere, text)
	}
	for _, text := range []string{
		m.Info.MeetingName, m.Info.PrimaryInviteeName, m.Info.PrimaryInvitee, m.Info.OptionalInvitees, ev.Type,
		ev.Change.Setting.Title, ev.Change.Setting.Name, ev.Change.ModifiedBy.Username, ev.Test.Username,
	} {
		w.add(wordAnywhere, text)
	}
	for _, id := range []string{ev.ID, m.ID, m.EmailMeetingID} {
		w.put(wordID, joined(id))
	}
	return w.list
}

// words collects distinct words.
type words struct {
	list []string
	seen map[string]bool
}

func (w *words) add(place rune, text string) {
	for _, word := range split(text) {
		w.put(place, word)
	}
}

func (w *words) put(place rune, word string) {
	if word == "" || len(w.list) >= maxWords {
		return
	}
	word = string(place) + clipWord(word)
	if w.seen == nil {
		w.seen = map[string]bool{}
	}
	if !w.seen[word] {
		w.seen[word] = true
		w.list = append(w.list, word)
	}
}

func split(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// joined returns the letters and digits of an id.
func joined(id string) string { return strings.Join(split(id), "") }

func clipWord(word string) string {
	if len(word) <= maxWord {
		return word
	}
	return strings.ToValidUTF8(word[:maxWord], "")
}
