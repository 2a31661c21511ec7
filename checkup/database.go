package checkup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

// clocksAgree is the largest difference between the clocks of this machine and of
// the database that is not reported.
const clocksAgree = 2 * time.Second

// markName is the mark that is written to see whether the database can be
// written.
const markName = "doctor"

// database opens the database as a command does, beside a Gavel that may be
// running, and writes one mark.
func (c *checkup) database(ctx context.Context) []Finding {
	name := vault.RedactURL(c.Database)
	if path, file := vault.File(c.Database); file {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return []Finding{c.newDatabase(path)}
		}
	}
	plan, err := vault.PlanUpgrade(ctx, c.Database, 0)
	if err != nil {
		return []Finding{problem("database", firstLine(err), "gavel serve will not start with it; see \"Databases\" in docs/operating.md")}
	}
	if plan.Schema == 0 {
		return []Finding{ok("database", name+" is reachable; serve creates its tables")}
	}
	if n := len(plan.Pending); n > 0 {
		return []Finding{warning("database-schema", fmt.Sprintf("%s has schema %d, this version needs %d", name, plan.Schema, plan.Newest),
			"serve migrates it when it starts; back it up before, and try: gavel migrate --dry-run")}
	}
	s, err := vault.OpenSealed(ctx, c.Database, c.EncryptionKeyFile, vault.Write)
	if err != nil {
		return []Finding{problem("database", firstLine(err), "gavel serve will not start with it")}
	}
	defer s.Close()
	found := []Finding{ok("database", fmt.Sprintf("%s can be opened, schema %d", name, plan.Schema))}
	if err := errors.Join(s.SetMark(ctx, markName, time.Now().UTC().Format(time.RFC3339)), s.SetMark(ctx, markName, "")); err != nil {
		return append(found, problem("database-writable", firstLine(err), "until this works events are answered with 503"))
	}
	found = append(found, ok("database-writable", "a write was committed"))
	if size, err := s.Size(ctx); err == nil && size.Disk == 0 {
		found = append(found, ok("database-size", "the database has "+humanize.IBytes(uint64(size.Database))+"; its disk is on another machine"))
	}
	return append(found, footing(ctx, s)...)
}

// footing checks what the guarantees of the database depend on.
func footing(ctx context.Context, s store.Store) []Finding {
	f, err := s.Footing(ctx)
	if err != nil {
		return []Finding{problem("database-settings", firstLine(err), "see the log of the database")}
	}
	var found []Finding
	for _, text := range f.Unsafe {
		what, do, _ := strings.Cut(text, ". ")
		found = append(found, warning("database-settings", what, do))
	}
	if len(found) == 0 {
		found = append(found, ok("database-settings", "commits are on disk before they are acknowledged"))
	}
	if ahead := f.ClockAhead; ahead.Abs() > clocksAgree {
		which := "ahead of"
		if ahead < 0 {
			which = "behind"
		}
		found = append(found, warning("database-clock", fmt.Sprintf("the clock of this machine is %s %s that of the database", ahead.Abs().Round(time.Second), which),
			"set up NTP on both machines"))
	}
	return found
}

// newDatabase says whether the folder of a database that is not there yet can be
// written.
func (c *checkup) newDatabase(path string) Finding {
	if err := writable(filepath.Dir(path)); err != nil {
		return problem("database", fmt.Sprintf("%q is not there, and cannot be created: %v", path, err), "make its folder, and make it writable for the user that Gavel runs as")
	}
	return ok("database", fmt.Sprintf("%q is not there yet; serve creates it", path))
}

// disk looks at the file system of a database file.
func (c *checkup) disk(context.Context) []Finding {
	path, file := vault.File(c.Database)
	if !file {
		return nil
	}
	var found []Finding
	folder := filepath.Dir(path)
	if kind, network := fileSystem(folder); network {
		found = append(found, problem("disk-network", folder+" is on a network file system ("+kind+"), where locks and syncs may not hold",
			"keep SQLite on a local disk, or use PostgreSQL"))
	} else if kind == "tmpfs" {
		found = append(found, warning("disk-memory", folder+" is in memory (tmpfs): its files are gone after a restart of the machine", "use a folder on a disk"))
	}
	size, log := sizeOf(path), sizeOf(path+"-wal")
	if log > mostLog {
		found = append(found, warning("disk-log", "the write-ahead log has "+humanize.IBytes(log)+", normal are up to 64 MiB",
			"look for a program that keeps the database open, such as a reader that does not end; the log shrinks when Gavel restarts"))
	}
	free, known := freeSpace(folder)
	text := fmt.Sprintf("the database has %s, %s are free", humanize.IBytes(size+log), humanize.IBytes(free))
	switch {
	case !known:
	case free < leastFree:
		found = append(found, problem("disk-space", text, "free some space or enlarge the disk: when it is full, events are answered with 503"))
	case free < size+plentyFree:
		found = append(found, warning("disk-space", text, "a backup needs as much space again as the database; enlarge the disk, or let --keep remove old events"))
	default:
		found = append(found, ok("disk-space", text))
	}
	return found
}

const (
	mostLog    = 256 << 20
	leastFree  = 64 << 20
	plentyFree = 1 << 30
)

func sizeOf(path string) uint64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0 // it is not there
	}
	return uint64(info.Size())
}

// writable makes a file in a folder, and removes it.
func writable(folder string) error {
	f, err := os.CreateTemp(folder, ".gavel-doctor-*")
	if err != nil {
		return errors.Unwrap(err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
