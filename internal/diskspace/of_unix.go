//go:build linux || darwin

package diskspace

import (
	"math"

	"golang.org/x/sys/unix"
)

func of(path string) (free, size int64, ok bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, 0, false
	}
	return bytes(s.Bavail, uint64(s.Bsize)), bytes(s.Blocks, uint64(s.Bsize)), true
}

// bytes bounds what a network file system without limits says.
func bytes(blocks, each uint64) int64 {
	if each == 0 || blocks > math.MaxInt64/each {
		return math.MaxInt64
	}
	return int64(blocks * each)
}
