package docs_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gavel-rules/gavel/internal/testkit"
)

// command is one command of the program as its --help shows it.
type command struct {
	flags    []flagHelp
	commands []string
}

type flagHelp struct{ name, usage, def string }

// twin is the environment variable that sets the flag.
func (f flagHelp) twin() string {
	return "GAVEL_" + strings.ToUpper(strings.ReplaceAll(f.name, "-", "_"))
}

func (c command) has(flag string) bool {
	return slices.ContainsFunc(c.flags, func(f flagHelp) bool { return f.name == flag })
}

var (
	askOnce sync.Once
	asked   map[string]command // nil when the program could not be asked
)

// commandTree returns the commands of the program by their words: "serve",
// "runs list"; "" is the program itself. The first test asks, because each
// command is a process.
func commandTree(t *testing.T) map[string]command {
	t.Helper()
	askOnce.Do(func() { asked = askForCommands(t) })
	if asked == nil {
		t.Fatal("the program does not tell its commands; another test says why")
	}
	return asked
}

func askForCommands(t *testing.T) map[string]command {
	t.Helper()
	tree := map[string]command{}
	var visit func(path []string)
	visit = func(path []string) {
		help := testkit.Gavel(t, append(slices.Clone(path), "--help")...)
		if help.Code != 0 {
			t.Fatalf("gavel %v --help: exit code %d\n%s", path, help.Code, help.Stderr)
		}
		c := parseHelp(help.Stdout)
		tree[strings.Join(path, " ")] = c
		for _, name := range c.commands {
			visit(append(slices.Clone(path), name))
		}
	}
	visit(nil)
	if len(tree) < 8 {
		t.Fatalf("--help tells of %d commands only", len(tree))
	}
	return tree
}

var (
	flagLine    = regexp.MustCompile(`^ +(?:-\w, )?--([a-z-]+)(?: \S+)?  +(.*)$`)
	boolFlag    = regexp.MustCompile(`^ +(?:-\w, )?--([a-z-]+) {3,}(.*)$`)
	defaultText = regexp.MustCompile(` \(default (?:"([^"]*)"|\[([^\]]*)\]|([^ ()]+))\)$`)
	commandLine = regexp.MustCompile(`^  ([a-z-]+) +\S`)
)

func parseHelp(text string) command {
	var c command
	part := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line != "" && !strings.HasPrefix(line, " ") {
			part = line
			continue
		}
		switch {
		case strings.HasSuffix(part, "Commands:"):
			if m := commandLine.FindStringSubmatch(line); m != nil && m[1] != "help" {
				c.commands = append(c.commands, m[1])
			}
		case strings.HasSuffix(part, "Flags:"):
			m := boolFlag.FindStringSubmatch(line)
			if m == nil {
				m = flagLine.FindStringSubmatch(line)
			}
			if m == nil {
				continue
			}
			f := flagHelp{name: m[1], usage: m[2]}
			if d := defaultText.FindStringSubmatch(f.usage); d != nil {
				f.def = d[1] + d[2] + d[3]
				f.usage = strings.TrimSuffix(f.usage, d[0])
			}
			c.flags = append(c.flags, f)
		}
	}
	return c
}
