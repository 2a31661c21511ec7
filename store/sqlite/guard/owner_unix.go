//go:build unix

package guard

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// SameOwner gives files that the superuser has made to whom the model belongs,
// so that a service under its own user can open them. It changes nothing for
// other users, who own what they make. Files that do not exist are left out.
func SameOwner(model string, files ...string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(model)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	for _, file := range files {
		if err := os.Chown(file, int(owner.Uid), int(owner.Gid)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
