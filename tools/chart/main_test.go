package chart_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the files that are made from the chart")

// Folders of the project, from this one.
const (
	root       = "../.."
	chartDir   = root + "/deploy/chart"
	kustomize  = root + "/deploy/kustomize"
	composeDir = root + "/deploy/compose"
)

// gavel is the built program.
var gavel string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if gavel = os.Getenv("GAVEL_TEST_BINARY"); gavel != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "gavel-binary-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	gavel = filepath.Join(dir, "gavel")
	build := exec.Command("go", "build", "-o", gavel, "./cmd/gavel")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build gavel: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// made compares a file with what it is made from, or writes it with -update.
func made(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		write(t, path, string(want))
		return
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is out of date (%v); run: make chart", path, err)
	}
}

// promtool runs Prometheus's own check of a file.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		if ci := os.Getenv("CI"); ci != "" && ci != "false" {
			t.Fatal("there is no promtool; install it: apt-get install prometheus")
		}
		t.Skip("there is no promtool; install it: apt-get install prometheus")
	}
	if out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %v: %v\n%s", args, err, out)
	}
}
