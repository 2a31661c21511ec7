// Package search finds events by what a person types: by the beginnings of
// words in names and addresses, or of ids. A store may keep the words of its
// events in an index.
package search

import "strings"

// Query is what events are looked for by. An event fits when each of All
// begins one of its Words, or, if it is not empty, ID does; and each of Owner;
// and Type, if it is not empty.
type Query struct {
	All   []string
	ID    string
	Owner []string
	Type  string
}

// OfType narrows a search to a type, or to a pattern with one * at its end. It
// tells types apart by their letters and digits alone.
func (q Query) OfType(pattern string) Query {
	q.Type = ""
	if prefix := joined(pattern); prefix != "" {
		q.Type = string(wordType) + clipWord(prefix)
	}
	return q
}

// New reads what a person typed: the beginnings of words that stand in
// names and addresses, or the beginning of an id; and of words of the owner.
// An empty text asks for nothing.
func New(text, owner string) Query {
	var q Query
	var all, owners words
	all.add(wordAnywhere, text)
	owners.add(wordOwner, owner)
	q.All, q.Owner = all.list, owners.list
	if id := joined(text); id != "" && !strings.ContainsAny(strings.TrimSpace(text), " \t") {
		q.ID = string(wordID) + clipWord(id)
	}
	// What holds no letter and no digit is in no word.
	if text != "" && len(q.All) == 0 {
		q.All = []string{nowhere}
	}
	if owner != "" && len(q.Owner) == 0 {
		q.Owner = []string{nowhere}
	}
	return q
}

// nowhere begins no word.
const nowhere = "x"

// Empty reports whether every event fits.
func (q Query) Empty() bool { return len(q.All)+len(q.Owner) == 0 }

// Fits reports whether an event of these words is looked for.
func (q Query) Fits(words []string) bool {
	all := func(prefixes []string) bool {
		for _, p := range prefixes {
			if !begins(words, p) {
				return false
			}
		}
		return true
	}
	return (all(q.All) || q.ID != "" && begins(words, q.ID)) && all(q.Owner) && (q.Type == "" || begins(words, q.Type))
}

func begins(words []string, prefix string) bool {
	for _, w := range words {
		if strings.HasPrefix(w, prefix) {
			return true
		}
	}
	return false
}
