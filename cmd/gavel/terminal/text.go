package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Safe replaces characters that could move the cursor, change colors or change
// the direction of text.
func Safe(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return ' '
		case r < 0x20, r >= 0x7f && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x2028, r == 0x2029:
			return '\ufffd'
		}
		return r
	}, s)
}

// safeWriter makes text printable line by line.
type safeWriter struct{ w io.Writer }

func (t safeWriter) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		text, newline := strings.CutSuffix(line, "\n")
		text = Safe(text)
		if newline {
			text += "\n"
		}
		if _, err := io.WriteString(t.w, text); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// Clock returns a time in the zone of this machine; a dash when it is zero.
func Clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// Ago returns how long ago a time was, or how far ahead it is, in one unit.
func Ago(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d, future := now.Sub(t), false
	if d < 0 {
		d, future = -d, true
	}
	var text string
	switch {
	case d < time.Second:
		return "now"
	case d < time.Minute:
		text = Counted(int(d/time.Second), "second", "seconds")
	case d < time.Hour:
		text = Counted(int(d/time.Minute), "minute", "minutes")
	case d < 48*time.Hour:
		text = Counted(int(d/time.Hour), "hour", "hours")
	default:
		text = Counted(int(d/(24*time.Hour)), "day", "days")
	}
	if future {
		return "in " + text
	}
	return text + " ago"
}

// Counted returns a number with its noun.
func Counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// SafeWriter returns a writer to w that makes text printable line by line.
func SafeWriter(w io.Writer) io.Writer { return safeWriter{w} }
