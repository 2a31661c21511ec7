package guard

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// lastStop is the content of the lock file, about the process that served
// last.
type lastStop struct {
	Generation uint32 `json:"generation"`
	// Previous is the generation before, as long as the new one may not be in
	// the file yet.
	Previous uint32 `json:"previous,omitempty"`
	// Clean says that everything was written into the file, which then had
	// this size and time.
	Clean    bool      `json:"clean"`
	Size     int64     `json:"size,omitempty"`
	Modified time.Time `json:"modified,omitzero"`
}

// readLastStop returns nil if nothing is known.
func readLastStop(path string) *lastStop {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var l lastStop
	if json.Unmarshal(raw, &l) != nil {
		return nil // written by an older Gavel, or incomplete
	}
	return &l
}

// write overwrites the lock file in place, because it is locked.
func (l *lastStop) write(path string) error {
	raw, err := json.Marshal(l)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, FileMode)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // synced before
	if _, err := f.Write(append(raw, '\n')); err != nil {
		return err
	}
	return f.Sync()
}

// inspect checks the files before SQLite opens them. It rejects a write-ahead
// log of another database, which SQLite would apply to this one, and reports
// whether the database must be checked before it is served.
func inspect(path, lockPath string, f *os.File) (doubtful bool, err error) {
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	if info.Size() == 0 {
		return false, nil // just created
	}
	last := readLastStop(lockPath)
	log, err := os.Stat(path + "-wal")
	logged := err == nil && log.Size() > 0
	generation, err := readGeneration(f)
	if err != nil {
		return true, nil // too short for a database; SQLite reports it
	}
	if last != nil && logged && generation != last.Generation && generation != last.Previous {
		return true, fmt.Errorf("the log %[1]q belongs to another database, as happens when a backup is copied over a database; "+
			"using both together would damage it.\nIf you have restored a backup, remove %[1]q and %[2]q and start again "+
			"(\"gavel restore\" does all of it).\nIf not, put the previous file back", path+"-wal", path+"-shm")
	}
	return last == nil || logged || !last.Clean || last.Size != info.Size() || !last.Modified.Equal(info.ModTime()), nil
}

// The header of a SQLite file has a number for the application. A served
// database gets another one at each start, so that a file copied over it is
// recognized.
const generationAt = 60

// readGeneration returns the number in the file itself, ignoring the
// write-ahead log; 0 for a file that was never served.
func readGeneration(f io.ReaderAt) (uint32, error) {
	var raw [4]byte
	if _, err := f.ReadAt(raw[:], generationAt); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(raw[:]), nil
}
