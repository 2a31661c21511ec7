package diskspace

import (
	"math"

	"golang.org/x/sys/windows"
)

func of(path string) (free, size int64, ok bool) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, 0, false
	}
	var available, total uint64
	if err := windows.GetDiskFreeSpaceEx(name, &available, &total, nil); err != nil {
		return 0, 0, false
	}
	return int64(min(available, math.MaxInt64)), int64(min(total, math.MaxInt64)), true
}
