package rehearse

import (
	"strings"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// lineDiff compares two texts line by line: "- " stands before what only want
// has, "+ " before what only got has. What it costs stays in bounds: for long
// texts with many differences it may list more lines than it must.
func lineDiff(want, got []string) string {
	var b strings.Builder
	put := func(mark string, lines []string) {
		for _, line := range lines {
			b.WriteString(mark + line + "\n")
		}
	}
	same := 0 // the line of want where what both have begins
	for _, d := range lcs.DiffLines(want, got) {
		put("  ", want[same:d.Start])
		put("- ", want[d.Start:d.End])
		put("+ ", got[d.ReplStart:d.ReplEnd])
		same = d.End
	}
	put("  ", want[same:])
	return b.String()
}
