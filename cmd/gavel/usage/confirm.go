package usage

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
)

// Confirm asks on a terminal; without one, and for every answer but yes, it
// returns an error that says that nothing was done, such as "nothing was
// started".
func Confirm(ctx context.Context, in io.Reader, out io.Writer, question, nothing string) error {
	file, ok := in.(*os.File)
	if !ok || !isatty.IsTerminal(file.Fd()) {
		return Errorf("%s: add --yes, or ask on a terminal", nothing)
	}
	fmt.Fprint(out, question+" [y/N] ")
	answered := make(chan string, 1)
	go func() { // ends with the process: reading a terminal cannot be canceled
		line, _ := bufio.NewReader(in).ReadString('\n') // no line is a no
		answered <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case answer := <-answered:
		if answer == "y" || answer == "yes" {
			return nil
		}
		return errors.New(nothing)
	case <-ctx.Done():
		return ctx.Err()
	}
}
