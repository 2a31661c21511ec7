package terminal

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
)

// Progress shows progress on a terminal; otherwise it is silent.
type Progress struct {
	w     io.Writer
	noun  string
	begun time.Time
	shown time.Time
}

// NewProgress returns a Progress that counts what noun names.
func NewProgress(w io.Writer, noun string) *Progress {
	p := &Progress{noun: noun, begun: time.Now()}
	if file, ok := w.(*os.File); ok && isatty.IsTerminal(file.Fd()) {
		p.w = w
	}
	return p
}

// Show overwrites the line, at most ten times a second.
func (p *Progress) Show(n int, at time.Time) {
	now := time.Now()
	if p.w == nil || now.Sub(p.shown) < 100*time.Millisecond {
		return
	}
	p.shown = now
	rate := float64(n) / max(now.Sub(p.begun).Seconds(), 0.001)
	fmt.Fprintf(p.w, "\r%d %s, up to %s, %.0f/s \x1b[K", n, p.noun, Clock(at), rate)
}

// Done removes the line.
func (p *Progress) Done() {
	if p.w != nil && !p.shown.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
