package text

import (
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/internal/spelling"
)

// Suggest returns a hint: the likeliest candidate, or all of them if they are
// few.
func Suggest(got string, candidates []string) string {
	if best, ok := spelling.Nearest(got, candidates); ok {
		return "did you mean " + Quote(best) + "?"
	}
	if len(candidates) == 0 || len(candidates) > 12 {
		return ""
	}
	return "use one of: " + strings.Join(slices.Sorted(slices.Values(candidates)), ", ")
}
