package event

import (
	"strings"
	"unicode"
)

// Fate narrows a list of events by what became of them.
type Fate string

// The fates that a list can be narrowed to.
const (
	FateMatched   Fate = "matched"   // it started at least one run
	FateUnmatched Fate = "unmatched" // it started none
	FateLate      Fate = "late"      // it came after a newer event of its meeting
	FateRepeated  Fate = "repeated"  // it was delivered more than once
)

// Fates lists them.
func Fates() []Fate { return []Fate{FateMatched, FateUnmatched, FateLate, FateRepeated} }

// The first letter of an indexed word says where it stands.
const (
	wordAnywhere = 'w'
	wordOwner    = 'o'
	wordID       = 'i'
	wordType     = 't'
)

const (
	// maxWords and maxWord, in bytes, bound what is indexed of one event.
	maxWords = 96
	maxWord  = 64
)

// Words are what an event can be found by: the words of the names and
// addresses in it, those of its owner once more, and its ids and its type as one
// word each.
// Each begins with a letter for where it stands and holds letters and digits
// only, in lower case.
func Words(ev *Event) []string {
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

// words gathers different words.
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

// joined is the letters and digits of an id.
func joined(id string) string { return strings.Join(split(id), "") }

func clipWord(word string) string {
	if len(word) <= maxWord {
		return word
	}
	return strings.ToValidUTF8(word[:maxWord], "")
}

// Search is what events are looked for by. An event fits when each of All
// begins one of its Words, or, if it is not empty, ID does; and each of Owner;
// and Type, if it is not empty.
type Search struct {
	All   []string
	ID    string
	Owner []string
	Type  string
}

// OfType narrows a search to a type, or to a pattern with one * at its end. It
// tells types apart by their letters and digits alone.
func (s Search) OfType(pattern string) Search {
	s.Type = ""
	if prefix := joined(pattern); prefix != "" {
		s.Type = string(wordType) + clipWord(prefix)
	}
	return s
}

// NewSearch reads what a person typed: the beginnings of words that stand in
// names and addresses, or the beginning of an id; and of words of the owner.
// An empty text asks for nothing.
func NewSearch(text, owner string) Search {
	var s Search
	var all, owners words
	all.add(wordAnywhere, text)
	owners.add(wordOwner, owner)
	s.All, s.Owner = all.list, owners.list
	if id := joined(text); id != "" && !strings.ContainsAny(strings.TrimSpace(text), " \t") {
		s.ID = string(wordID) + clipWord(id)
	}
	// What holds no letter and no digit is in no word.
	if text != "" && len(s.All) == 0 {
		s.All = []string{nowhere}
	}
	if owner != "" && len(s.Owner) == 0 {
		s.Owner = []string{nowhere}
	}
	return s
}

// nowhere begins no word.
const nowhere = "x"

// Empty reports whether every event fits.
func (s Search) Empty() bool { return len(s.All)+len(s.Owner) == 0 }

// Fits reports whether an event of these words is looked for.
func (s Search) Fits(words []string) bool {
	all := func(prefixes []string) bool {
		for _, p := range prefixes {
			if !begins(words, p) {
				return false
			}
		}
		return true
	}
	return (all(s.All) || s.ID != "" && begins(words, s.ID)) && all(s.Owner) && (s.Type == "" || begins(words, s.Type))
}

func begins(words []string, prefix string) bool {
	for _, w := range words {
		if strings.HasPrefix(w, prefix) {
			return true
		}
	}
	return false
}

// Indexed is an event with its Words, joined by spaces.
type Indexed struct {
	Seq   int64
	Words string
}
