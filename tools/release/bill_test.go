package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestBillInWorktree makes the bill of materials in a worktree, whose .git is a file.
func TestBillInWorktree(t *testing.T) {
	args, _ := setup(t)
	dir := t.TempDir()
	clone, tree := filepath.Join(dir, "clone"), filepath.Join(dir, "tree")
	root, err := rootOf("")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"clone", "--quiet", "--depth", "1", "file://" + filepath.ToSlash(root), clone}, {"-C", clone, "worktree", "add", "--quiet", "--detach", tree}} {
		if out, err := exec.Command("git", command...).CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", command, err, out)
		}
	}
	out := released(t, append(args, "--root", tree, "--only", "sbom")...)
	var bill struct {
		Metadata struct {
			Timestamp string
			Tools     []map[string]any
			Component struct{ Version string }
		}
		Components []struct{ Name string }
	}
	if err := json.Unmarshal(read(t, out, "gavel_1.2.3.cdx.json"), &bill); err != nil {
		t.Fatal(err)
	}
	about := bill.Metadata
	if about.Component.Version != "1.2.3" || about.Timestamp != "2023-11-14T22:13:20Z" || len(bill.Components) < 50 {
		t.Errorf("%+v, %d components", about, len(bill.Components))
	}
	if len(about.Tools) != 1 || about.Tools[0]["name"] != "cyclonedx-gomod" || about.Tools[0]["hashes"] != nil {
		t.Errorf("the tool is said to be %v; its hashes differ from machine to machine", about.Tools)
	}
}
