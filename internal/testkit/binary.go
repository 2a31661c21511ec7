package testkit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binaryVariable names the built binary for the tests of this run. Set from
// outside, it saves the build.
const binaryVariable = "GAVEL_TEST_BINARY"

// Main builds the binary, runs the tests, removes the binary and exits.
func Main(m *testing.M) {
	if os.Getenv(binaryVariable) != "" {
		os.Exit(m.Run())
	}
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "gavel-binary-")
	if err != nil {
		return 0, fmt.Errorf("make a folder for the binary: %w", err)
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "gavel")
	if err := Build(binary); err != nil {
		return 0, err
	}
	if err := os.Setenv(binaryVariable, binary); err != nil {
		return 0, fmt.Errorf("name the binary: %w", err)
	}
	return m.Run(), nil
}

// Build builds cmd/gavel into the file path, as it is released: without cgo.
func Build(path string) error {
	cmd := exec.Command("go", "build", "-o", path, "github.com/gavel-rules/gavel/cmd/gavel")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build gavel: %w\n%s", err, out)
	}
	return nil
}

// Binary returns the path of the built binary.
func Binary(t testing.TB) string {
	t.Helper()
	path := os.Getenv(binaryVariable)
	if path == "" {
		t.Fatal("there is no binary; the package's TestMain must call testkit.Main")
	}
	return path
}
