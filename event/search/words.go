package search

import (
	"cmp"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
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
	// usualWords is how many a typical event has at most.
	usualWords = 32
)

// Words returns the words an event can be found by: those of its names and
// addresses, those of its owner again, and its ids and its type as one word
// each. Each has a first letter for its field, and otherwise only letters and
// digits, in lower case.
func Words(ev *event.Event) []string {
	m, of := ev.Meeting, cmp.Or(ev.Own, own.None())
	w := words{list: make([]string, 0, usualWords)}
	w.put(wordType, joined(ev.Type))
	for _, text := range []string{m.Owner.Username, m.Owner.FirstName, m.Owner.LastName} {
		w.add(wordOwner, text)
		w.add(wordAnywhere, text)
	}
	for _, text := range []string{
		m.Info.MeetingName, m.Info.PrimaryInviteeName, m.Info.PrimaryInvitee, m.Info.OptionalInvitees, ev.Type,
		ev.Change.Setting.Title, ev.Change.Setting.Name, ev.Change.ModifiedBy.Username, ev.Test.Username, of.Text, of.Rule, of.Connection,
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
}

func (w *words) add(place byte, text string) {
	for word := range split(text) {
		w.put(place, word)
	}
}

func (w *words) put(place byte, word string) {
	if word == "" || len(w.list) >= maxWords {
		return
	}
	word = clipWord(word)
	// Few words are compared faster than they are hashed.
	for _, known := range w.list {
		if len(known) == len(word)+1 && known[0] == place && known[1:] == word {
			return
		}
	}
	w.list = append(w.list, string(place)+word)
}

// split yields the runs of letters and digits, in lower case.
func split(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		from := -1
		for i, r := range text {
			switch part := letter(r); {
			case part && from < 0:
				from = i
			case !part && from >= 0:
				if !yield(strings.ToLower(text[from:i])) {
					return
				}
				from = -1
			}
		}
		if from >= 0 {
			yield(strings.ToLower(text[from:]))
		}
	}
}

func letter(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// joined returns the letters and digits of an id.
func joined(id string) string {
	var all strings.Builder
	all.Grow(len(id))
	for part := range split(id) {
		all.WriteString(part)
	}
	return all.String()
}

func clipWord(word string) string {
	if len(word) <= maxWord {
		return word
	}
	return strings.ToValidUTF8(word[:maxWord], "")
}
