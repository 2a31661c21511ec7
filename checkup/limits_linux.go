package checkup

import (
	"os"
	"path"
	"strconv"
	"strings"
)

// memoryLimit returns the least memory.max of the control groups that this
// process is in.
func memoryLimit() (least uint64, limited bool) {
	raw, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0, false
	}
	take := func(file string) {
		text, err := os.ReadFile(file)
		if err != nil {
			return
		}
		// Without a limit it is "max", or in the first version a huge number.
		n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
		if err == nil && n < 1<<60 && (!limited || n < least) {
			least, limited = n, true
		}
	}
	for line := range strings.Lines(string(raw)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for dir := parts[2]; ; dir = path.Dir(dir) {
			switch {
			case parts[1] == "":
				take(path.Join("/sys/fs/cgroup", dir, "memory.max"))
			case strings.Contains(","+parts[1]+",", ",memory,"):
				take(path.Join("/sys/fs/cgroup/memory", dir, "memory.limit_in_bytes"))
			}
			if dir == "/" || dir == "." {
				break
			}
		}
	}
	return least, limited
}
