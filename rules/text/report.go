package text

import (
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
)

// maxWidth is how many characters of a long line are shown around a finding.
const maxWidth = 120

// Text writes the findings for people: position, message, hint, and the line
// with a caret below it.
func (f Findings) Text(w io.Writer) error {
	for _, x := range f {
		if _, err := io.WriteString(w, x.Text()); err != nil {
			return fmt.Errorf("write findings: %w", err)
		}
	}
	return nil
}

func (f Finding) Text() string {
	var b strings.Builder
	b.WriteString(printable(f.String()))
	b.WriteByte('\n')
	if f.Source == "" || f.Pos.Column < 1 {
		return b.String()
	}
	line := []rune(f.Source)
	at := min(f.Pos.Column-1, len(line))
	width := max(1, min(f.EndColumn-1, len(line))-at)
	line, at = clipAround(line, at)
	width = min(width, len(line)-at) // 0 if the finding points after the line
	b.WriteString("  " + printable(string(line)) + "\n  ")
	// Keep tabs, and count wide characters twice, so that the caret is below the
	// right character.
	for i, piece := range strings.Split(string(line[:at]), "\t") {
		if i > 0 {
			b.WriteByte('\t')
		}
		b.WriteString(strings.Repeat(" ", places(piece)))
	}
	b.WriteString(strings.Repeat("^", max(1, places(string(line[at:at+width])))) + "\n")
	return b.String()
}

// places is the width of a text in columns of a terminal.
func places(s string) int {
	width := runewidth.Condition{} // the default depends on the environment
	return width.StringWidth(printable(s))
}

// clipAround shortens a long line to the part around character at.
func clipAround(line []rune, at int) ([]rune, int) {
	if len(line) <= maxWidth {
		return line, at
	}
	from := min(max(0, at-maxWidth/2), len(line)-maxWidth)
	to := from + maxWidth
	out := append([]rune{}, line[from:to]...)
	if from > 0 {
		out[0] = '…'
	}
	if to < len(line) {
		out[len(out)-1] = '…'
	}
	return out, at - from
}

// printable replaces control characters, which a terminal would act on.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '·'
		}
		return r
	}, s)
}
