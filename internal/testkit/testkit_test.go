package testkit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestMain makes this test binary a stand-in for gavel when it is started with
// a subcommand, so that the harness is tested without the real one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		os.Exit(standIn(os.Args[1:]))
	}
	testscript.Main(m, map[string]func(){"gavel": func() { os.Exit(standIn(os.Args[1:])) }})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testkit.Scripts("testdata/script"))
}

func standIn(args []string) int {
	if args[0] == "call" {
		res, err := http.Post(args[1], "text/plain", strings.NewReader(args[2]))
		if err != nil {
			fmt.Println(err)
			return 1
		}
		defer res.Body.Close()
		fmt.Println(res.StatusCode)
		return 0
	}
	if args[0] != "serve" {
		in, _ := io.ReadAll(os.Stdin)
		fmt.Printf("args %q stdin %q\n", args, in)
		fmt.Fprintf(os.Stderr, "secret %q extra %q\n", os.Getenv("GAVEL_SIGNING_SECRET"), os.Getenv("EXTRA"))
		return 3
	}
	flags := map[string]string{}
	for i := 1; i+1 < len(args); i += 2 {
		flags[args[i]] = args[i+1]
	}
	if flags["--fail"] != "" {
		fmt.Println("rules.yaml:1:1: not today")
		return 1
	}
	return standInServe(flags)
}

func standInServe(flags map[string]string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		for range hangup {
			rules, _ := os.ReadFile(flags["--rules"])
			fmt.Printf("reloaded %q\n", rules)
		}
	}()
	receiver := http.NewServeMux()
	receiver.HandleFunc("POST "+testkit.ReceiverPath, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get(testkit.SignatureHeader) != testkit.Sign(flags["--signing-secret"], body) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		ev, err := decode.Event(body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, `{"eventId":%q,"status":"accepted"}`, ev.ID)
	})
	console := http.NewServeMux()
	console.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ready") })
	failed := make(chan error, 2)
	for address, handler := range map[string]http.Handler{flags["--listen"]: receiver, flags["--console"]: console} {
		go func() { failed <- http.ListenAndServe(address, handler) }()
	}
	select {
	case err := <-failed:
		fmt.Println(err)
		return 1
	case <-ctx.Done():
		fmt.Println("stopped")
		return 0
	}
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestServeLifeCycle(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{Binary: self(t), Rules: "rules: [] # one\n"})

	body := testkit.Sample(t, event.TypeCanceled, "ev-1", "meeting.meetingOwner.username", "kim@sales.example")
	a := p.MustPost(body)
	if diff := cmp.Diff([]string{"ev-1", "accepted"}, []string{a.EventID, a.Status}); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	a, err := testkit.Post(t, p.Client, p.URL, "another secret", body)
	if err != nil || a.Code != http.StatusUnauthorized {
		t.Errorf("with a wrong secret: code %d, error %v", a.Code, err)
	}

	p.WriteRules("rules: [] # two\n")
	p.Reload()
	testkit.Eventually(t, "the second rules are read", func() bool {
		return strings.Contains(p.Log(), "# two")
	})

	before := p.PID()
	p.Kill()
	if _, err := p.Post(body); err == nil {
		t.Error("a killed process has answered")
	}
	p.Restart()
	if p.PID() == before {
		t.Error("the process id has not changed over a restart")
	}
	p.MustPost(body)
	if code := p.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	if !strings.Contains(p.Log(), "stopped") {
		t.Errorf("the log lacks the last words:\n%s", p.Log())
	}
}

func TestRunReturnsWhatACommandLeft(t *testing.T) {
	t.Parallel()
	got := testkit.Run(t, testkit.Command{
		Binary: self(t), Args: []string{"events", "list"}, Stdin: "in", Env: []string{"EXTRA=yes"},
	})
	want := testkit.Result{
		Stdout: "args [\"events\" \"list\"] stdin \"in\"\n",
		Stderr: "secret \"\" extra \"yes\"\n",
		Code:   3,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func TestCommandsDoNotSeeTheShellsGavelVariables(t *testing.T) {
	t.Setenv("GAVEL_SIGNING_SECRET", "from the shell")
	got := testkit.Run(t, testkit.Command{Binary: self(t), Args: []string{"version"}})
	if strings.Contains(got.Stderr, "from the shell") {
		t.Errorf("the variable came through: %s", got.Stderr)
	}
}

func TestSampleCanBeDecoded(t *testing.T) {
	t.Parallel()
	body := testkit.Sample(t, event.TypeScheduled, "ev-2", "meeting.meetingOwner.username", "kim@sales.example")
	ev, err := decode.Event(body)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("kim@sales.example", ev.Meeting.Owner.Username); diff != "" {
		t.Errorf("owner (-want +got):\n%s", diff)
	}
}

func TestFreeAddressesAreOwn(t *testing.T) {
	t.Parallel()
	// A socket that shares its port with nobody asks as the kernel does when it
	// chooses a port by itself.
	stranger := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0)
		})
		return errors.Join(err, failed)
	}}
	seen := map[string]bool{}
	for _, a := range testkit.FreeAddresses(t, 8) {
		if seen[a] {
			t.Errorf("address %s came twice", a)
		}
		seen[a] = true
		if l, err := stranger.Listen(t.Context(), "tcp", a); err == nil && runtime.GOOS == "linux" {
			_ = l.Close()
			t.Errorf("a stranger got %s", a)
		}
		l, err := net.Listen("tcp", a)
		if err != nil {
			t.Fatalf("listen on an address of this test: %v", err)
		}
		_ = l.Close()
	}
}

func TestAFailedStartShowsTheLog(t *testing.T) {
	t.Parallel()
	rec := &recorder{T: t}
	func() {
		defer func() {
			if r := recover(); r != nil && !errors.Is(r.(error), errFatal) {
				panic(r)
			}
		}()
		testkit.Start(rec, testkit.Serve{Binary: self(t), Args: []string{"--fail", "now"}})
	}()
	if !strings.Contains(rec.said, "not today") {
		t.Errorf("the failure does not show the log: %q", rec.said)
	}
}

var errFatal = errors.New("fatal")

// recorder stands for a test that is meant to fail.
type recorder struct {
	*testing.T
	said string
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.said = fmt.Sprintf(format, args...)
	panic(errFatal)
}
