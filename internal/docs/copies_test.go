package docs_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestCopies holds the copies of alerts and dashboard in the Helm chart, which
// reads nothing outside of itself, to the originals.
func TestCopies(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"alerts.yaml", "grafana.json"} {
		want, err := os.ReadFile(filepath.Join(root, "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(root, "deploy/chart/files", name)
		if *update {
			if err := os.WriteFile(copied, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(copied); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what docs/%s is (%v); run: make generate", copied, name, err)
		}
	}
}
