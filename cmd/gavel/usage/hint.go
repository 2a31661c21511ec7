package usage

import (
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/spelling"
)

// TypeHint returns the documented event type that a type is most likely a
// misspelling of; empty when it is one, or like none. Only the last word is
// compared: the others are long and would make all types alike.
func TypeHint(eventType string) string {
	i := strings.LastIndexByte(eventType, '.')
	if i < 0 || slices.Contains(event.Types(), eventType) {
		return ""
	}
	var words []string
	for _, known := range event.Types() {
		if word, ok := strings.CutPrefix(known, eventType[:i+1]); ok {
			words = append(words, word)
		}
	}
	if best, ok := spelling.Nearest(eventType[i+1:], words); ok {
		return eventType[:i+1] + best
	}
	return ""
}
