package main

const (
	switchFolder = "internal/mutant"
	switchImport = `import mutant "github.com/gavel-rules/gavel/` + switchFolder + `"; `
	switchName   = "mutants.switch"
	// switchSource is the package that every changed place calls. It records in a
	// file which places a test reaches. It reads what to do from a file, because
	// programs that a test starts do not always get its environment.
	switchSource = `package mutant

import (
	"fmt"
	"os"
	"sync"
)

var (
	active, note = read()
	lock         sync.Mutex
	seen         = map[int]bool{}
)

func read() (id int, note string) {
	raw, _ := os.ReadFile(%q)
	fmt.Sscan(string(raw), &id, &note)
	return id, note
}

func On(id int) bool {
	if note != "" {
		write(id)
	}
	return id == active
}

func write(id int) {
	lock.Lock()
	defer lock.Unlock()
	if seen[id] {
		return
	}
	seen[id] = true
	f, err := os.OpenFile(note, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	fmt.Fprintln(f, id)
	f.Close()
}

func Drop[T any](id int, v T) T {
	if On(id) {
		var none T
		return none
	}
	return v
}
`
)
