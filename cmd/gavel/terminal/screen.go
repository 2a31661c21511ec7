package terminal

import (
	"io"
	"os"
	"strconv"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Screen is where a command prints for people, and what it can show.
type Screen struct {
	io.Writer
	// Terminal says that a person is looking.
	Terminal bool
	// Width is how many columns there are; 0 means no limit.
	Width int
	// Height is how many lines there are; 0 when it is not known.
	Height int
	// Color allows colors.
	Color bool
}

// ColorFlag is the name of the flag that allows colors: auto, always or never.
const ColorFlag = "color"

// ScreenOf returns where a command prints.
func ScreenOf(cmd *cobra.Command) Screen {
	s := Screen{Writer: cmd.OutOrStdout()}
	if file, ok := s.Writer.(*os.File); ok && isatty.IsTerminal(file.Fd()) {
		s.Terminal = true
		if width, height, err := term.GetSize(int(file.Fd())); err == nil {
			s.Width, s.Height = width, height
		}
		if width, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && width > 0 {
			s.Width = width
		}
	}
	s.Color = s.Terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if f := cmd.Flags().Lookup(ColorFlag); f != nil && f.Value.String() != "auto" {
		s.Color = f.Value.String() == "always"
	}
	return s
}

// Paint is a color of text.
type Paint string

// The colors, each for one meaning.
const (
	Plain  Paint = ""
	Good   Paint = "32" // green
	Bad    Paint = "31" // red
	Notice Paint = "33" // yellow
	Soft   Paint = "2"  // dim
	Strong Paint = "1"  // bold
)

// Painted returns text in a color, if the screen has colors.
func (s *Screen) Painted(p Paint, text string) string {
	if !s.Color || p == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(p) + "m" + text + "\x1b[0m"
}
