package ledger

import (
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/search"
)

// IndexedMark is the name of the mark up to which events are indexed.
const IndexedMark = "indexed"

// IndexedWords returns the words of an event for the index.
func IndexedWords(ev *event.Event) string { return strings.Join(search.Words(ev), " ") }

// SearchFTS5 returns a search in the syntax of SQLite's index. Words contain
// only letters and digits, so quoting them is safe.
func SearchFTS5(s search.Query) string {
	return searchText(s, " AND ", " OR ", func(w string) string { return `"` + w + `" *` })
}

// SearchTSQuery returns a search in the syntax of PostgreSQL's index.
func SearchTSQuery(s search.Query) string {
	return searchText(s, " & ", " | ", func(w string) string { return "'" + w + "':*" })
}

func searchText(s search.Query, and, or string, begins func(word string) string) string {
	all := func(words []string) string {
		parts := make([]string, len(words))
		for i, w := range words {
			parts[i] = begins(w)
		}
		return strings.Join(parts, and)
	}
	var parts []string
	switch {
	case len(s.All) == 0:
	case s.ID == "":
		parts = append(parts, all(s.All))
	default:
		parts = append(parts, "(("+all(s.All)+")"+or+begins(s.ID)+")")
	}
	if len(s.Owner) > 0 {
		parts = append(parts, all(s.Owner))
	}
	if s.Type != "" {
		parts = append(parts, begins(s.Type))
	}
	return strings.Join(parts, and)
}
