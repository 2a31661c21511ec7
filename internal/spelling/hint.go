// Package spelling guesses which name was meant.
package spelling

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest returns the known name that name is most likely a misspelling of;
// the first of the alphabet when several are equally near.
func Nearest(name string, known []string) (string, bool) {
	best, distance := "", max(1, len(name)/3)+1
	for _, k := range slices.Sorted(slices.Values(known)) {
		if k == "" {
			continue
		}
		d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k))
		if d > 1 && sameLetters(name, k) {
			d-- // two letters changed places: one slip, not two
		}
		if d < distance {
			best, distance = k, d
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

// Hint ends a message about an unknown name: with the known one that is
// nearest to it, or with all of them when none is near.
func Hint(name string, known []string) string {
	if best, ok := Nearest(name, known); ok {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return "; it has " + strings.Join(known, ", ")
}
