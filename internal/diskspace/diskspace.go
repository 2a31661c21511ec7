// Package diskspace says how much room there is on a disk.
package diskspace

import (
	"path/filepath"

	"github.com/dustin/go-humanize"
)

// Of returns the free space, for programs without privileges, and the size of
// the disk that a file is on, or would be, in bytes; both 0 when the system does
// not say.
func Of(file string) (free, size int64) {
	if free, size, ok := of(file); ok {
		return free, size
	}
	free, size, _ = of(filepath.Dir(file)) // 0 then
	return free, size
}

// Words writes a number of bytes for people.
func Words(bytes int64) string { return humanize.Bytes(uint64(max(0, bytes))) }
