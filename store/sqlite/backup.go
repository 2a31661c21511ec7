package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"modernc.org/sqlite"

	"github.com/gavel-rules/gavel/store/sqlite/conn"
	"github.com/gavel-rules/gavel/store/sqlite/guard"
	"github.com/gavel-rules/gavel/store/sqlite/schema"
	"github.com/gavel-rules/gavel/store/sqlite/space"
)

// Backup writes a consistent copy of the database into a file that does not
// exist or is empty. It neither blocks writers nor is blocked by them. When it
// returns, the copy has been checked and is on disk.
//
// It gives up before the write-ahead log, which grows meanwhile, or the copy
// itself fills the disk.
func (s *Store) Backup(ctx context.Context, to string) error {
	if err := s.backup(ctx, to); err != nil {
		return fmt.Errorf("back up %q into %q: %w", s.path, to, err)
	}
	return nil
}

func (s *Store) backup(ctx context.Context, to string) error {
	var l space.Layout
	if err := s.query(ctx, l.Scan, space.Text); err != nil {
		return err
	}
	if err := space.Enough(l.Content(), to); err != nil {
		return err
	}
	bounded, done := l.Bounded(ctx, s.file)
	defer done()
	if err := s.vacuumInto(bounded, to); err != nil {
		if cause := context.Cause(bounded); cause != nil {
			return cause
		}
		return err
	}
	return nil
}

func (s *Store) vacuumInto(ctx context.Context, to string) error {
	// The copy is another file, but a query-only connection refuses to write
	// it as well.
	c, err := sqlite.NewConnector(strings.Replace(conn.DSN(s.file, s.reads), "_query_only=1", "_query_only=0", 1))
	if err != nil {
		return err
	}
	db := conn.Pool(c, 1)
	if err = space.Copied(ctx, db); err == nil {
		_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	}
	if err := errors.Join(s.explain(err), db.Close()); err != nil {
		return err
	}
	if err := finish(ctx, to); err != nil {
		return err
	}
	return flush(to)
}

// finish removes the mark of a served database from a copy, and checks it.
func finish(ctx context.Context, copied string) error {
	c, err := sqlite.NewConnector(conn.DSN(copied, conn.Alone))
	if err != nil {
		return err
	}
	db := conn.Pool(c, 1)
	_, err = db.ExecContext(ctx, "PRAGMA user_version = 0")
	return errors.Join(conn.Explain(err), schema.Verify(ctx, db, copied), db.Close())
}

// CheckBackup reads a whole backup and reports damage.
func CheckBackup(ctx context.Context, file string) error {
	c, err := sqlite.NewConnector(conn.DSN(file, conn.Alone))
	if err != nil {
		return fmt.Errorf("backup %q: %w", file, err)
	}
	db := conn.Pool(c, 1)
	if err := errors.Join(schema.Verify(ctx, db, file), db.Close()); err != nil {
		return fmt.Errorf("backup %q: %w", file, err)
	}
	return nil
}

// flush syncs a file and its folder to disk.
func flush(file string) error {
	for _, name := range []string{file, filepath.Dir(file)} {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Restoring says what to restore, and where.
type Restoring struct {
	// Backup may also be a copy of a database with its write-ahead log beside
	// it.
	Backup, Path string
	// Force replaces an existing database, after renaming it with its log.
	Force bool
	// Prepare changes the restored database before it gets its name; it may be
	// nil. A database with an older schema is migrated for it.
	Prepare func(context.Context, *Store) error
	Now     time.Time
}

// Restored is the result of a restore.
type Restored struct {
	// Aside is the new name of the previous database; empty when there was
	// none.
	Aside string
}

// Restore replaces a database with a backup. It refuses while the database is
// served. There is never half a database under the name.
func Restore(ctx context.Context, r Restoring) (Restored, error) {
	var done Restored
	err := guard.WhileFree(r.Path, func() (err error) {
		done, err = r.replace(ctx)
		return err
	})
	if err != nil {
		return done, fmt.Errorf("restore %q into %q: %w", r.Backup, r.Path, err)
	}
	return done, nil
}

// Replaceable returns an error if the database cannot be restored into now.
func Replaceable(path string, force bool) error {
	err := guard.WhileFree(path, func() error {
		if _, err := os.Stat(path); err == nil && !force {
			return errExists
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("restore into %q: %w", path, err)
	}
	return nil
}

var errExists = errors.New("a database already exists; --force sets it aside and replaces it")

func (r *Restoring) replace(ctx context.Context) (Restored, error) {
	target := r.Path
	if t, err := filepath.EvalSymlinks(r.Path); err == nil {
		target = t
	}
	_, err := os.Stat(target)
	exists := err == nil
	if exists && !r.Force {
		return Restored{}, errExists
	}
	fresh, err := freshBeside(target)
	if err != nil {
		return Restored{}, err
	}
	defer func() { _ = os.Remove(fresh.Name()) }() // renamed already on success
	if err := fresh.Close(); err != nil {
		return Restored{}, err
	}
	source, err := Open(ctx, r.Backup, Options{ReadOnly: true, anySchema: true})
	if err != nil {
		return Restored{}, err
	}
	if err := errors.Join(source.vacuumInto(ctx, fresh.Name()), source.Close()); err != nil {
		return Restored{}, err
	}
	if err := r.prepare(ctx, fresh.Name()); err != nil {
		return Restored{}, err
	}
	model := target
	if !exists {
		model = filepath.Dir(target)
	}
	if err := guard.SameOwner(model, fresh.Name(), target+".lock"); err != nil {
		return Restored{}, err
	}
	var done Restored
	if done.Aside, err = setAside(target, r.Now); err != nil {
		return done, err
	}
	if err := os.Rename(fresh.Name(), target); err != nil {
		return done, err
	}
	// Until the previous log is gone, the lock file tells whose it is, and both are
	// not used together.
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(target + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return done, err
		}
	}
	return done, errors.Join(os.Truncate(target+".lock", 0), flush(target))
}

// freshBeside creates a temporary file for a database whose lock is held, and
// removes those that killed restores of it have left.
func freshBeside(target string) (*os.File, error) {
	folder, prefix := filepath.Dir(target), ".gavel-restore-"+filepath.Base(target)+"-"
	left := regexp.MustCompile(`^` + regexp.QuoteMeta(prefix) + `\d+(-journal|-wal|-shm|\.lock)?$`)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if left.MatchString(e.Name()) {
			_ = os.Remove(filepath.Join(folder, e.Name())) // on an error it only takes space
		}
	}
	return os.CreateTemp(folder, prefix+"*")
}

// prepare calls Prepare, and leaves nothing beside the file.
func (r *Restoring) prepare(ctx context.Context, file string) error {
	if r.Prepare == nil {
		return nil
	}
	defer func() {
		for _, suffix := range []string{".lock", "-wal", "-shm"} {
			_ = os.Remove(file + suffix) // closing has removed those that matter
		}
	}()
	s, err := Open(ctx, file, Options{PlainLog: true})
	if err != nil {
		return err
	}
	if err := errors.Join(r.Prepare(ctx, s), s.Close()); err != nil {
		return err
	}
	return flush(file)
}

// setAside gives a database and its write-ahead log another name, which no other
// file has; it is empty when there is no database. The index of the log is
// recreated from it. Where the disk can, the previous name stays until the new
// database gets it, so that a crash leaves one or the other.
func setAside(target string, now time.Time) (string, error) {
	aside, err := freeName(target + ".before-restore-" + now.UTC().Format("20060102T150405Z"))
	if err != nil {
		return "", err
	}
	exists := false
	for _, suffix := range []string{"-wal", ""} {
		from, to := target+suffix, aside+suffix
		info, err := os.Lstat(from)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 && suffix != "" {
			continue
		}
		if err == nil && os.Link(from, to) != nil {
			err = os.Rename(from, to)
		}
		if err != nil {
			return "", err
		}
		exists = suffix == ""
	}
	if !exists {
		return "", nil
	}
	return aside, nil
}

// freeName returns a name, with a number if a restore in the same second has
// taken it.
func freeName(name string) (string, error) {
	for free, n := name, 2; ; free, n = fmt.Sprintf("%s-%d", name, n), n+1 {
		taken := false
		for _, suffix := range []string{"", "-wal"} {
			switch _, err := os.Lstat(free + suffix); {
			case err == nil:
				taken = true
			case !errors.Is(err, fs.ErrNotExist):
				return "", err
			}
		}
		if !taken {
			return free, nil
		}
	}
}
