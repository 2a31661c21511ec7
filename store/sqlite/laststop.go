package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
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
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, fileMode)
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
			"reading both together would damage it.\nIf you have restored a backup, remove %[1]q and %[2]q and start again "+
			"(\"gavel restore\" does all of it).\nIf not, put the file back that was there before", path+"-wal", path+"-shm")
	}
	return last == nil || logged || !last.Clean || last.Size != info.Size() || !last.Modified.Equal(info.ModTime()), nil
}

// checkPatience bounds the check at the start: 4 GB or so. What was read until
// then is whole, and the rest is found to be damaged when it is used.
const checkPatience = 20 * time.Second

// checkContent reads the database and tells what is damaged.
func checkContent(ctx context.Context, db *sql.DB, size int64) (problem string, err error) {
	how := "quick_check"
	if size <= fullCheck {
		how = "integrity_check"
	}
	limited, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	err = db.QueryRowContext(limited, "PRAGMA "+how+"(1)").Scan(&problem)
	if problem == "ok" || err != nil && limited.Err() != nil {
		return "", ctx.Err()
	}
	return problem, err
}

// fullCheck is the size up to which indexes are compared with their tables as
// well, which takes several times as long.
const fullCheck = 64 << 20

// mark gives the file a new generation, and writes everything that the
// write-ahead log holds into it.
func (s *Store) mark(session *session) error {
	before, err := readGeneration(s.guard.held)
	if err != nil {
		return err
	}
	now := &lastStop{Generation: 1 + rand.Uint32N(1<<31-1), Previous: before}
	if err := now.write(s.lock.Path()); err != nil {
		return err
	}
	if _, err := session.exec(fmt.Sprintf("PRAGMA user_version = %d", now.Generation)); err != nil {
		return err
	}
	// A command that reads meanwhile may keep it from being written; then
	// nothing is compared, and both generations stay good.
	if err := session.checkpoint(); err != nil {
		return err
	}
	if found, err := readGeneration(s.guard.held); err != nil || found != now.Generation {
		return err
	}
	s.guard.generation = now.Generation
	now.Previous = 0
	return now.write(s.lock.Path())
}

// stopped writes down that everything was written into the file.
func (s *Store) stopped() error {
	info, err := os.Stat(s.file)
	if err != nil {
		return err
	}
	generation, err := readGeneration(s.guard.held)
	if err != nil {
		return err
	}
	log, err := os.Stat(s.file + "-wal")
	clean := err != nil || log.Size() == 0 // a command may still have it open
	l := lastStop{Generation: generation, Clean: clean, Size: info.Size(), Modified: info.ModTime()}
	return l.write(s.lock.Path())
}
