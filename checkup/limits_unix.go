//go:build unix

package checkup

import "golang.org/x/sys/unix"

// openFiles returns how many files may be open at once. Go raises the limit to
// the hard one.
func openFiles() (uint64, bool) {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 0, false
	}
	return uint64(limit.Max), true
}
