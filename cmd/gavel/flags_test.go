package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// badValues are values that a flag must refuse, by its type; flags that take a
// text have them by name.
func badValues(f *pflag.Flag) []string {
	switch kind := f.Value.Type(); {
	case kind == "int", kind == "int64":
		return []string{"x", "", "1.5", "-5", "0x", "99999999999999999999"}
	case kind == "bool":
		return []string{"perhaps", "2"}
	case kind == "duration":
		return []string{"x", "5", "", "1y", "99999999999h"}
	case kind == "stringSlice":
		return []string{`"a`, `a"b`}
	case strings.Contains(kind, "|"):
		return []string{"nonsense"}
	}
	switch f.Name {
	case "since", "until", "due-before", "at":
		return []string{"yesterday", "-1h", "2026-13-01", "99999999999d"}
	}
	return nil
}

// goWords are words of Go and its libraries, which no user has to know.
var goWords = regexp.MustCompile(`strconv|Parse[A-Z]|parsing|invalid syntax|out of range|time: |bare |quoted-field|invalid argument|stringSlice|stringArray|\bint(64)?\b|nil|%!|panic`)

// arguments are as many as a command wants.
func arguments(c *cobra.Command) []string {
	var out []string
	for _, word := range strings.Fields(c.Use)[1:] {
		if strings.HasPrefix(word, "--") {
			break
		}
		if word == strings.ToUpper(word) && !strings.HasPrefix(word, "[") && word != "…" {
			out = append(out, "x")
		}
	}
	return out
}

// TestWrongValuesOfFlags gives every flag of every command values that it must
// refuse: the answer is exit code 2, names the flag and says what to write.
func TestWrongValuesOfFlags(t *testing.T) {
	t.Chdir(t.TempDir())
	tried := 0
	var walk func(c *cobra.Command)
	check := func(c *cobra.Command, f *pflag.Flag, value string) {
		t.Helper()
		args := append(strings.Fields(c.CommandPath())[1:], arguments(c)...)
		args = append(args, "--"+f.Name+"="+value)
		var out, errOut bytes.Buffer
		code := run(t.Context(), args, strings.NewReader(""), &out, &errOut)
		said := errOut.String()
		first, _, _ := strings.Cut(said, "\nRun \"")
		tried++
		if code != exitUsage || !strings.Contains(first, f.Name) || goWords.MatchString(first) || out.Len() > 0 {
			t.Errorf("gavel %q: exit %d\n%s%s", args, code, said, out.String())
		}
	}
	walk = func(c *cobra.Command) {
		for _, child := range c.Commands() {
			walk(child)
		}
		if c.Name() == "help" || c.HasParent() && c.Parent().Name() == "completion" || !c.Runnable() {
			return
		}
		c.InheritedFlags() // adds them to Flags
		c.Flags().VisitAll(func(f *pflag.Flag) {
			for _, value := range badValues(f) {
				check(c, f, value)
			}
		})
	}
	walk(newRoot())
	if tried < 500 {
		t.Errorf("only %d values were tried", tried)
	}
}
