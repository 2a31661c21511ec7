package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// usage is the processor time of a process, and of its children that have
// ended.
type usage struct{ own, children time.Duration }

// readStat reads what the kernel counts of a process, and who started it.
func readStat(pid string) (used usage, parent int, err error) {
	data, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return used, 0, fmt.Errorf("read processor time (needs Linux): %w", err)
	}
	// The name in brackets can hold anything; the fields are counted after it.
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	const parentField, user, last = 1, 11, 14 // user, system, the children's user, system
	if len(fields) <= last {
		return used, 0, errors.New("read processor time: too few fields")
	}
	var ticks [4]int
	for i := range ticks {
		if ticks[i], err = strconv.Atoi(string(fields[user+i])); err != nil {
			return used, 0, fmt.Errorf("read processor time: %w", err)
		}
	}
	if parent, err = strconv.Atoi(string(fields[parentField])); err != nil {
		return used, 0, fmt.Errorf("read processor time: %w", err)
	}
	const tick = 10 * time.Millisecond
	return usage{time.Duration(ticks[0]+ticks[1]) * tick, time.Duration(ticks[2]+ticks[3]) * tick}, parent, nil
}

// FamilyCPU returns the processor time that a server with a process for each
// connection has used so far, found by one of those processes: its parent's and
// that of all the parent's children, which are to have the given name.
func FamilyCPU(child int, name string) (time.Duration, error) {
	comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", child))
	if err != nil || string(bytes.TrimSpace(comm)) != name {
		return 0, fmt.Errorf("process %d of this machine is not %s", child, name)
	}
	_, parent, err := readStat(strconv.Itoa(child))
	if err != nil {
		return 0, err
	}
	used, _, err := readStat(strconv.Itoa(parent))
	if err != nil {
		return 0, err
	}
	sum := used.own + used.children
	files, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		used, of, err := readStat(filepath.Base(file))
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESRCH):
			continue // it has just ended
		case err != nil:
			return 0, err
		case of == parent:
			sum += used.own + used.children
		}
	}
	return sum, nil
}
