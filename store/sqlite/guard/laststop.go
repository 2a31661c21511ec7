package guard

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// lastStop is what the lock file says of the process that served last.
type lastStop struct {
	Generation uint32 `json:"generation"`
	// Previous is the generation before, as long as the new one may not have
	// reached the file.
	Previous uint32 `json:"previous,omitempty"`
	// Clean says that everything was written into the file, which had this size
	// and time then.
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
		return nil // written by an older Gavel, or not to its end
	}
	return &l
}

// write replaces what the lock file says and keeps the file, which is locked.
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

// inspect looks at the files before SQLite does. It refuses a write-ahead log
// that belongs to another database, which SQLite would write over this one, and
// says whether the database has to be checked before it is served from.
func inspect(path, lockPath string, f *os.File) (doubtful bool, err error) {
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	if info.Size() == 0 {
		return false, nil // made now
	}
	last := readLastStop(lockPath)
	log, err := os.Stat(path + "-wal")
	logged := err == nil && log.Size() > 0
	generation, err := readGeneration(f)
	if err != nil {
		return true, nil // too short for a database, which SQLite will say
	}
	if last != nil && logged && generation != last.Generation && generation != last.Previous {
		return true, fmt.Errorf("the log %[1]q belongs to another database than this one, as happens when a backup is copied over a database; "+
			"using both together would damage it.\nIf you have restored a backup, remove %[1]q and %[2]q and start again "+
			"(\"gavel restore\" does all of it).\nIf not, put the file back that was there before", path+"-wal", path+"-shm")
	}
	return last == nil || logged || !last.Clean || last.Size != info.Size() || !last.Modified.Equal(info.ModTime()), nil
}

// The header of a SQLite file has a number that is free for its user. A store
// that is served from carries another one after each start, so that a file
// that was copied over it is told from it.
const generationAt = 60

// readGeneration returns the number in the file itself, whatever the
// write-ahead log says; 0 for a file that was not served from.
func readGeneration(f io.ReaderAt) (uint32, error) {
	var raw [4]byte
	if _, err := f.ReadAt(raw[:], generationAt); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(raw[:]), nil
}
