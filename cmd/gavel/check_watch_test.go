package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gavel-rules/gavel/internal/testkit"
)

// printed is an output that can be read while it is written.
type printed struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// await waits until the output holds a text.
func (p *printed) await(t *testing.T, want string) {
	t.Helper()
	testkit.Eventually(t, want, func() bool { return strings.Contains(p.String(), want) })
}

func TestCheckWatch(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	write := func(message string) {
		t.Helper()
		text := "rules:\n  - name: a\n    event: \"*\"\n    actions:\n      - log: { " + message + " }\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("message: hi")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, errOut := &printed{}, &printed{}
	ended := make(chan int)
	go func() { ended <- run(ctx, []string{"check", "--watch", path}, strings.NewReader(""), out, errOut) }()
	out.await(t, "1 rule, 0 connections: no errors")
	write("mesage: hi")
	out.await(t, `unknown key "mesage"; did you mean "message"?`)
	write("message: \"${{ meeting.idd }}\"")
	out.await(t, `unknown field "idd"`)
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("it ended with %d", code)
	}
	if got := errOut.String(); got != "" {
		t.Errorf("on the error output: %s", got)
	}
}
