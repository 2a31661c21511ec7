package starter

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/mattn/go-isatty"

	"github.com/gavel-rules/gavel/cmd/gavel/usage"
)

// choice is one answer to a question.
type choice struct{ name, about string }

// destinations are the answers to what the first rule does.
func destinations() []choice {
	return []choice{
		{"slack", "a Slack message when a meeting is canceled"},
		{"http", "a call to your CRM when a meeting is booked"},
		{"email", "a reminder by mail, 24 hours before the meeting"},
	}
}

// places are the answers to where Gavel will run.
func places() []choice {
	return []choice{
		{placeSystemd, "as a systemd service"},
		{placeCompose, "in a container, with Docker Compose"},
		{placeNone, "started by hand, or by something else"},
	}
}

func names(list []choice) []string {
	out := make([]string, 0, len(list))
	for _, c := range list {
		out = append(out, c.name)
	}
	return out
}

// asker asks on a terminal.
type asker struct {
	in       *bufio.Reader
	out      io.Writer
	terminal bool
	defaults bool // take the first answer instead of asking
}

func newAsker(in io.Reader, out io.Writer, defaults bool) *asker {
	file, ok := in.(*os.File)
	return &asker{in: bufio.NewReader(in), out: out, terminal: ok && isatty.IsTerminal(file.Fd()), defaults: defaults}
}

// choose returns the given answer, or asks for one; the first is the default.
func (a *asker) choose(ctx context.Context, given, flag, question string, list []choice) (string, error) {
	if given != asked {
		return given, nil
	}
	if a.defaults {
		return list[0].name, nil
	}
	fits := func(answer string) (string, bool) {
		if answer == "" {
			return list[0].name, true
		}
		if n, err := strconv.Atoi(answer); err == nil && n >= 1 && n <= len(list) {
			return list[n-1].name, true
		}
		for _, c := range list {
			if strings.EqualFold(answer, c.name) {
				return c.name, true
			}
		}
		return "", false
	}
	text := question + "\n"
	for i, c := range list {
		text += fmt.Sprintf("  %d  %-8s %s\n", i+1, c.name, c.about)
	}
	return a.ask(ctx, flag, text, "1", fits)
}

// database returns the given database, or asks for one.
func (a *asker) database(ctx context.Context, given string) (string, error) {
	if given != "" {
		return given, checkDatabase(given)
	}
	if a.defaults {
		return databaseSQLite, nil
	}
	return a.ask(ctx, "--database", "Which database?\n  sqlite          a file on this machine; nothing to install\n  postgres://…    for several Gavels at once: write its address\n", databaseSQLite, func(answer string) (string, bool) {
		if answer == "" {
			answer = databaseSQLite
		}
		err := checkDatabase(answer)
		if err != nil {
			fmt.Fprintln(a.out, err)
		}
		return answer, err == nil
	})
}

// ask repeats a question until the answer fits. The end of the input is no
// answer.
func (a *asker) ask(ctx context.Context, flag, question, first string, fits func(string) (string, bool)) (string, error) {
	if !a.terminal {
		return "", usage.Errorf("%s is not given: add it, or --yes for the default, or answer on a terminal; nothing was written", flag)
	}
	fmt.Fprint(a.out, question)
	for {
		fmt.Fprintf(a.out, "[%s] ", first)
		line, err := a.line(ctx)
		if err != nil {
			return "", fmt.Errorf("no answer: nothing was written: %w", err)
		}
		if answer, ok := fits(strings.TrimSpace(line)); ok {
			return answer, nil
		}
		fmt.Fprintln(a.out, "Please give one of the answers above.")
	}
}

func (a *asker) line(ctx context.Context) (string, error) {
	type read struct {
		line string
		err  error
	}
	got := make(chan read, 1)
	go func() { // ends with the process: reading a terminal cannot be canceled
		line, err := a.in.ReadString('\n')
		got <- read{line, err}
	}()
	select {
	case r := <-got:
		return r.line, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
