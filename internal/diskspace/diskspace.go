// Package diskspace says how much room there is on a disk.
package diskspace

import (
	"fmt"
	"path/filepath"
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
func Words(bytes int64) string {
	const kilo = 1000
	if bytes < kilo {
		return fmt.Sprintf("%d B", bytes)
	}
	n, unit := float64(bytes)/kilo, 0
	for ; n >= 999.95 && unit < 3; unit++ {
		n /= kilo
	}
	return fmt.Sprintf("%.1f %s", n, []string{"kB", "MB", "GB", "TB"}[unit])
}
