package rehearse

import (
	"strings"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// lineDiff compares two texts line by line: "- " marks lines only in want, "+ "
// lines only in got. Its cost is limited: for long texts with many differences
// the result may be longer than necessary.
func lineDiff(want, got []string) string {
	var b strings.Builder
	put := func(mark string, lines []string) {
		for _, line := range lines {
			b.WriteString(mark + line + "\n")
		}
	}
	same := 0 // first line in want of the current common part
	for _, d := range lcs.DiffLines(want, got) {
		put("  ", want[same:d.Start])
		put("- ", want[d.Start:d.End])
		put("+ ", got[d.ReplStart:d.ReplEnd])
		same = d.End
	}
	put("  ", want[same:])
	return b.String()
}
