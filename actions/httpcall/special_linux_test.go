package httpcall_test

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/gavel-rules/gavel/actions/actionstest"
)

// TestSpecialFiles names as an authority what never ends, and what blocks
// until somebody writes.
func TestSpecialFiles(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	for file, want := range map[string]string{"/dev/zero": "is a device", pipe: "is a named pipe"} {
		got := actionstest.Findings(t, kinds(t), `
connections: { crm: { kind: http, base_url: "https://crm.example", ca_file: "`+file+`" } }
rules: [ { name: try, event: "*", actions: [ { http: { connection: crm, url: /x } } ] } ]
`, nil)
		if !strings.Contains(got, want) {
			t.Errorf("%s: findings do not say %q:\n%s", file, want, got)
		}
	}
}
