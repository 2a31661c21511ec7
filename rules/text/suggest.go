package text

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest returns the candidate that got is most likely a misspelling of.
func Nearest(got string, candidates []string) (string, bool) {
	best, distance := "", max(1, len(got)/3)+1
	sorted := slices.Clone(candidates)
	slices.Sort(sorted)
	for _, c := range sorted {
		if c == "" {
			continue
		}
		d := levenshtein.ComputeDistance(strings.ToLower(got), strings.ToLower(c))
		if d > 1 && sameLetters(got, c) {
			d-- // two letters changed places: one slip, not two
		}
		if d < distance {
			best, distance = c, d
		}
	}
	return best, best != ""
}

func sameLetters(a, b string) bool {
	x, y := []rune(strings.ToLower(a)), []rune(strings.ToLower(b))
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// Suggest is a hint: the likeliest candidate, or the list of all when it is
// short.
func Suggest(got string, candidates []string) string {
	if best, ok := Nearest(got, candidates); ok {
		return "did you mean " + Quote(best) + "?"
	}
	if len(candidates) == 0 || len(candidates) > 12 {
		return ""
	}
	sorted := slices.Clone(candidates)
	slices.Sort(sorted)
	return "known here: " + strings.Join(sorted, ", ")
}
