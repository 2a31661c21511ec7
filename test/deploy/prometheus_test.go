package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestScrapeConfig checks the settings of Prometheus that the documentation has.
func TestScrapeConfig(t *testing.T) {
	t.Parallel()
	promtool := testkit.Promtool(t)
	page, err := os.ReadFile("../../docs/deploying.md")
	if err != nil {
		t.Fatal(err)
	}
	_, config, found := strings.Cut(string(page), "```text\nscrape_configs:")
	config, _, ended := strings.Cut(config, "```")
	if !found || !ended || !strings.Contains(config, "credentials_file") {
		t.Fatal("docs/deploying.md has no scrape_configs with a token")
	}
	dir := t.TempDir()
	token := filepath.Join(dir, "gavel-token")
	file := filepath.Join(dir, "prometheus.yml")
	for path, text := range map[string]string{
		token: "token\n", file: "scrape_configs:" + strings.ReplaceAll(config, "/etc/prometheus/gavel-token", token),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), promtool, "check", "config", file).CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}
