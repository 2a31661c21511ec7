package main

import (
	"errors"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestMain makes "gavel" in the scripts this program itself.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gavel": main})
}

// TestScripts uses the program as its users do, by testdata/script/*.txtar.
// Beyond the words of testkit, these scripts can say:
//
//	exits CODE PROGRAM [ARG…]   run a program and want this exit code
func TestScripts(t *testing.T) {
	t.Parallel()
	params := testkit.Scripts("../../testdata/script")
	params.Cmds["exits"] = scriptExits
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
