// Package search finds events by what a person types: by prefixes of words in
// names and addresses, or of ids. A store may index the words of its events.
package search

import "strings"

// Query is a search for events. An event matches if each prefix in All begins
// one of its Words, or ID does if it is set; and so does each in Owner; and Type
// if it is set.
type Query struct {
	All   []string
	ID    string
	Owner []string
	Type  string
}

// OfType limits a search to a type, or to a pattern with one * at its end. Only
// letters and digits are compared.
func (q Query) OfType(pattern string) Query {
	q.Type = ""
	if prefix := joined(pattern); prefix != "" {
		q.Type = string(wordType) + clipWord(prefix)
	}
	return q
}

// New parses what a person typed: prefixes of words in names and addresses, or
// the prefix of an id; and prefixes of words of the owner. Empty text matches
// all.
func New(text, owner string) Query {
	var q Query
	var all, owners words
	all.add(wordAnywhere, text)
	owners.add(wordOwner, owner)
	q.All, q.Owner = all.list, owners.list
	if id := joined(text); id != "" && !strings.ContainsAny(strings.TrimSpace(text), " \t") {
		q.ID = string(wordID) + clipWord(id)
	}
	// Text without letters and digits matches no word.
	if text != "" && len(q.All) == 0 {
		q.All = []string{nowhere}
	}
	if owner != "" && len(q.Owner) == 0 {
		q.Owner = []string{nowhere}
	}
	return q
}

// nowhere is a prefix of no word.
const nowhere = "x"

// Empty reports whether every event matches.
func (q Query) Empty() bool { return len(q.All)+len(q.Owner) == 0 }

// Fits reports whether an event with these words matches.
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
