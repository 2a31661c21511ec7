package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestMain makes "gavel" in the scripts this program itself, unless
// GAVEL_TEST_BINARY names another.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gavel": main})
}

// TestScripts uses the program as its users do, by testdata/script/*.txtar.
// Beyond the words of testkit, these scripts can say:
//
//	exits CODE PROGRAM [ARG…]       run a program and want this exit code
//	until PATTERN PROGRAM [ARG…]    run a program until its output matches
//	alike PROGRAM [ARG…]            run a program with --server $SERVER and without, and want the same
//	capture NAME PATTERN            set NAME to what the group of PATTERN is in the output
//	certificate FILE FROM UNTIL     write a certificate and its key, valid between these times from now
func TestScripts(t *testing.T) {
	t.Parallel()
	params := testkit.Scripts("../../testdata/script")
	params.Setup = func(env *testscript.Env) error {
		// With -race each program would otherwise sleep a second as it ends.
		env.Setenv("GORACE", "atexit_sleep_ms=0")
		// The program as it is released starts many times faster than this test.
		if binary := os.Getenv("GAVEL_TEST_BINARY"); binary != "" {
			env.Setenv("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+env.Getenv("PATH"))
		}
		return nil
	}
	params.Cmds["exits"] = scriptExits
	params.Cmds["until"] = scriptUntil
	params.Cmds["alike"] = scriptAlike
	params.Cmds["capture"] = scriptCapture
	params.Cmds["certificate"] = scriptCertificate
	testscript.Run(t, params)
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG…]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("%q ended with %d, want %d", args[1:], code, want)
	}
}

// scriptAlike leaves the output with --server behind for stdout and stderr.
func scriptAlike(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || ts.Getenv("SERVER") == "" {
		ts.Fatalf("usage: alike PROGRAM ARG…, with $SERVER")
	}
	first := ts.Exec(args[0], args[1:]...)
	want := ts.ReadFile("stdout")
	second := ts.Exec(args[0], append(args[1:len(args):len(args)], "--server", ts.Getenv("SERVER"))...)
	if got := ts.ReadFile("stdout"); got != want {
		ts.Fatalf("%q prints something else with --server:\n%s", args, cmp.Diff(want, got))
	}
	if (first == nil) != (second == nil) || first != nil && first.Error() != second.Error() {
		ts.Fatalf("%q ends with %v, with --server with %v", args, first, second)
	}
	if want == "" && first == nil {
		ts.Fatalf("%q prints nothing", args)
	}
}

// patience is far above what is normal, so that a busy machine fails no test.
const patience = 60 * time.Second

func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN PROGRAM [ARG…]")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	limit := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			ts.Fatalf("waited %v in vain for %q", patience, args[0])
		}
	}
}

func scriptCapture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture NAME PATTERN")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	found := pattern.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) != 2 {
		ts.Fatalf("no group of %q in the output", args[1])
	}
	ts.Setenv(args[0], found[1])
}
