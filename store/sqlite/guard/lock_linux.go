package guard

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// servedByte is locked while a database is served. SQLite locks the 512 bytes
// from 1 GiB on; this one is after them. Nothing is stored there.
const servedByte = 1<<30 + 4096

// lockFile locks the file itself, which works under any of its names. The lock
// belongs to the open file, not to the process, so that SQLite's own locks do
// not release it. On a file system without such locks only the lock file is
// used.
func lockFile(f *os.File) (held bool, err error) {
	err = unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Start: servedByte, Len: 1})
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EACCES):
		return false, nil
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOLCK), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EOPNOTSUPP):
		return true, nil
	}
	return err == nil, err
}
