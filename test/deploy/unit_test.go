package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/internal/testkit"
)

// mostExposure is the highest exposure level of the unit that is accepted; 10
// is a service without any limits. See docs/deploying.md.
const mostExposure = 1.2

func TestUnitIsValidAndHardened(t *testing.T) {
	t.Parallel()
	analyze := testkit.SystemdAnalyze(t)
	dir := t.TempDir()
	for _, name := range []string{"gavel.service", "gavel.socket"} {
		text, err := os.ReadFile(filepath.Join("../../deploy/systemd", name))
		if err != nil {
			t.Fatal(err)
		}
		// The program must be where the unit says.
		unit := strings.ReplaceAll(string(text), "/usr/bin/gavel", testkit.Binary(t))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(unit), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	service, socket := filepath.Join(dir, "gavel.service"), filepath.Join(dir, "gavel.socket")
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", service, socket).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), analyze, "security", "--offline=yes", "--no-pager", service).CombinedOutput()
	if err != nil {
		t.Fatalf("systemd-analyze security: %v\n%s", err, out)
	}
	level := regexp.MustCompile(`exposure level for gavel.service: ([0-9.]+)`).FindSubmatch(out)
	if level == nil {
		t.Fatalf("no exposure level in:\n%s", out)
	}
	if n, err := strconv.ParseFloat(string(level[1]), 64); err != nil || n > mostExposure {
		t.Errorf("exposure level %s, want at most %v:\n%s", level[1], mostExposure, out)
	}
}
