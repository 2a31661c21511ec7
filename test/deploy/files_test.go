package deploy

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestFewFiles: a process that may open 200 files says so, refuses connections
// above that, and goes on.
func TestFewFiles(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "gavel")
	if err := os.WriteFile(script, fmt.Appendf(nil, "#!/bin/sh\nulimit -n 200 && exec %s \"$@\"\n", testkit.Binary(t)), 0o755); err != nil {
		t.Fatal(err)
	}
	p := testkit.Start(t, testkit.Serve{Binary: script, Args: []string{"--workers", "20"}})
	if !strings.Contains(p.Log(), "LimitNOFILE") {
		t.Errorf("no word about the limit:\n%s", p.Log())
	}
	f := &flood{t: t, p: p, acked: map[string]bool{}}
	for i := range 5 {
		f.hold(fmt.Sprint("127.0.3.", i+1), 60, "")
	}
	// Whoever holds connections without sending is disconnected before long.
	f.post(from(t, "127.0.3.100"), "among-many", testkit.Sample(t, event.TypeWebhookTest, "among-many"))
	res, err := p.Client.Get(p.Console + "/-/ready")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("ready: %d", res.StatusCode)
	}
}
