//go:build unix

package budget

import "golang.org/x/sys/unix"

// CountFiles returns how many files may be open. Go itself has raised the soft
// limit to the hard one.
func CountFiles() Files {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > 1<<30 {
		return 0
	}
	return Files(limit.Cur)
}
