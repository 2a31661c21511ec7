package testkit

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// Release returns the program of the last release, built from its commit, which
// test/upgrade/releases.txt names. It is built once on a machine, in the
// user's folder for caches.
func Release(t testing.TB) string {
	t.Helper()
	root := moduleRoot(t)
	raw, err := os.ReadFile(filepath.Join(root, "test", "upgrade", "releases.txt"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	name, commit, ok := strings.Cut(lines[len(lines)-1], " ")
	if !ok || len(commit) != 40 {
		t.Fatalf("test/upgrade/releases.txt: the last line must be a version and its commit, such as v0.1.0 and 40 digits")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, fmt.Sprintf("gavel-release-%.12s", commit))
	program := filepath.Join(dir, "gavel")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	if err := lock.Lock(); err != nil { // another test may be building it
		t.Fatal(err)
	}
	defer func() { _ = lock.Unlock() }() // the end of the process unlocks it too
	if _, err := os.Stat(program); err == nil {
		return program
	}
	begun := time.Now()
	source := filepath.Join(dir, "source")
	if err := checkOut(root, commit, source); err != nil {
		Lack(t, "the source of %s cannot be read: %v; its commit %s must be in the git history (in a shallow clone: git fetch --unshallow --tags)", name, err, commit)
	}
	build := exec.Command("go", "build", "-o", program+".new", "./cmd/gavel")
	build.Dir, build.Env = source, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, out)
	}
	if err := os.Rename(program+".new", program); err != nil {
		t.Fatal(err)
	}
	t.Logf("built %s in %s", name, time.Since(begun).Round(100*time.Millisecond))
	return program
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// checkOut writes the files of a commit into a folder.
func checkOut(root, commit, into string) error {
	if err := os.MkdirAll(into, 0o700); err != nil {
		return err
	}
	archive := exec.Command("git", "-C", root, "archive", "--format=tar", commit)
	unpack := exec.Command("tar", "-x", "-C", into)
	var words strings.Builder
	archive.Stderr = &words
	pipe, err := archive.StdoutPipe()
	if err != nil {
		return err
	}
	unpack.Stdin = pipe
	if err := archive.Start(); err != nil {
		return err
	}
	out, unpacked := unpack.CombinedOutput()
	_, _ = io.Copy(io.Discard, pipe) // so that git ends
	if err := archive.Wait(); err != nil {
		return fmt.Errorf("git archive: %w: %s", err, strings.TrimSpace(words.String()))
	}
	if unpacked != nil {
		return fmt.Errorf("tar: %w: %s", unpacked, out)
	}
	return nil
}
