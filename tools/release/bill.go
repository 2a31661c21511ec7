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
	if _, err := r.output(ctx, "go", "tool", "-C", "tools/sbom", "cyclonedx-gomod", "app", "-json", "-licenses", "-std", "-noserial", "-main", "cmd/gavel", "-output", raw, r.root); err != nil {
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
	}
	out, err := json.MarshalIndent(bill, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(r.billFile(), append(out, '\n'), 0o644)
}
