package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

func (r *release) billFile() string {
	return filepath.Join(r.out, "gavel_"+r.version.String()+".cdx.json")
}

// bill writes the bill of materials, as "make sbom" does, without what would
// differ the next time.
func (r *release) bill(ctx context.Context) error {
	raw := filepath.Join(r.work, "bill.json")
	tree, err := r.cloned(ctx)
	if err != nil {
		return err
	}
	if _, err := r.output(ctx, "go", "tool", "-C", "tools/sbom", "cyclonedx-gomod", "app", "-json", "-licenses", "-std", "-noserial", "-main", "cmd/gavel", "-output", raw, tree); err != nil {
		return err
	}
	text, err := os.ReadFile(raw)
	if err != nil {
		return err
	}
	var bill map[string]any
	if err := json.Unmarshal(text, &bill); err != nil {
		return err
	}
	delete(bill, "serialNumber")
	if about, ok := bill["metadata"].(map[string]any); ok {
		about["timestamp"] = r.date.Format(time.RFC3339)
		if program, ok := about["component"].(map[string]any); ok {
			program["version"] = r.version.String()
		}
		tools, _ := about["tools"].([]any)
		for _, tool := range tools {
			if tool, ok := tool.(map[string]any); ok {
				delete(tool, "hashes") // differ with the folder in which the tool was compiled
			}
		}
	}
	out, err := json.MarshalIndent(bill, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(r.billFile(), append(out, '\n'), 0o644)
}

// cloned returns a folder with the tree and all of its git history that the bill
// of materials needs: the tree itself or, where that is a worktree of another
// repository, which the tool cannot read, a clone of its commit.
func (r *release) cloned(ctx context.Context) (string, error) {
	if info, err := os.Stat(filepath.Join(r.root, ".git")); err != nil || info.IsDir() {
		return r.root, nil // without git, the tool says what is missing
	}
	clone := filepath.Join(r.work, "clone")
	_, err := r.output(ctx, "git", "-c", "advice.detachedHead=false", "clone", "--quiet", "--depth", "1", "file://"+filepath.ToSlash(r.root), clone)
	return clone, err
}
