package testkit

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// commandLimit ends a command line that hangs.
const commandLimit = 60 * time.Second

// Result is the output and exit code of one command.
type Result struct {
	Stdout, Stderr string
	Code           int
}

// Command is one call of the binary; only Args is required.
type Command struct {
	Args  []string
	Stdin string
	// Env is added to a small environment that holds no GAVEL_ or OTEL_ variable.
	Env []string
	Dir string
	// Binary is the program; empty means the one that Main has built.
	Binary string
}

// Run runs one command and waits for its end.
func Run(t testing.TB, c Command) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandLimit)
	defer cancel()
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(ctx, binaryOr(t, c.Binary), c.Args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(c.Stdin), &out, &errOut
	cmd.Dir, cmd.Env = c.Dir, environment(c.Env)
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("run gavel %q: %v", c.Args, err)
	}
	if ctx.Err() != nil {
		t.Fatalf("gavel %q did not end within %v\n%s%s", c.Args, commandLimit, out.String(), errOut.String())
	}
	return Result{Stdout: out.String(), Stderr: errOut.String(), Code: cmd.ProcessState.ExitCode()}
}

// Gavel runs the built binary with the arguments.
func Gavel(t testing.TB, args ...string) Result {
	t.Helper()
	return Run(t, Command{Args: args})
}

func binaryOr(t testing.TB, binary string) string {
	t.Helper()
	if binary != "" {
		return binary
	}
	return Binary(t)
}

// environment removes GAVEL_ and OTEL_ variables, so that the developer's
// shell cannot change a test.
func environment(more []string) []string {
	var env []string
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !strings.HasPrefix(name, "GAVEL_") && !strings.HasPrefix(name, "OTEL_") {
			env = append(env, v)
		}
	}
	return append(env, more...)
}
