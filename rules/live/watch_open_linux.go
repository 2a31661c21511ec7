package live

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// anyOpenForWriting reports whether a program has one of the files open for
// writing: then the kernel refuses a read lease. If a lease is not possible
// (another owner, a network file system), it returns false.
func anyOpenForWriting(files []string) bool {
	for _, name := range files {
		if openForWriting(name) {
			return true
		}
	}
	return false
}

func openForWriting(name string) bool {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	file, err := os.Open(name)
	if err != nil {
		return false
	}
	defer file.Close() // gives the lease back
	_, err = unix.FcntlInt(file.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	return errors.Is(err, unix.EAGAIN)
}
