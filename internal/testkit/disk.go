package testkit

import (
	"fmt"
	"os/exec"
	"testing"
)

// SmallDisk mounts a file system of that many megabytes in memory until the test
// ends, and returns its folder. It needs root, as in CI.
func SmallDisk(t *testing.T, megabytes int) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", megabytes), "tmpfs", dir).CombinedOutput(); err != nil {
		Lack(t, "a small disk cannot be mounted (%v: %s); run the tests as root", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	return dir
}
