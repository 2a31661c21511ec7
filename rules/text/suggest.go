package text

import (
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/internal/spelling"
)

// Suggest is a hint: the likeliest candidate, or the list of all when it is
// short.
func Suggest(got string, candidates []string) string {
	if best, ok := spelling.Nearest(got, candidates); ok {
		return "did you mean " + Quote(best) + "?"
	}
	if len(candidates) == 0 || len(candidates) > 12 {
		return ""
	}
	return "known here: " + strings.Join(slices.Sorted(slices.Values(candidates)), ", ")
}
