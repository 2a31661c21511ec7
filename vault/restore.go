package vault

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/sqlite/survey"
	"github.com/gavel-rules/gavel/vault/copies"
)

// Restore is a backup that can be restored into a database.
type Restore struct {
	// Name is the backup as it was given, At the moment that it shows, if its
	// name says so.
	Name string
	At   time.Time

	url, path string // of the database
	plain     string // unencrypted backup
	scratch   bool   // plain is a temporary file
}

// OpenBackup reads a backup for a database: a file or, with -, what in reads.
// An encrypted one, or one from in, is first written beside the database,
// decrypted; Close removes that.
func OpenBackup(file string, in io.Reader, databaseURL string, keys *copies.Keys) (*Restore, error) {
	path, ok := sqlitePath(databaseURL)
	if !ok {
		return nil, errUsePgDump
	}
	r := &Restore{Name: file, At: copies.TimeOf(file), url: databaseURL, path: path, plain: file}
	if file == "-" {
		r.Name = "standard input"
		return r, r.unpack(bufio.NewReader(in), keys)
	}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("backup %q: there is no such file", file)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content := bufio.NewReader(f)
	if !copies.Encrypted(content) {
		return r, copies.CheckSum(file)
	}
	return r, r.unpack(content, keys)
}

// unpack writes the unencrypted backup into a temporary file.
func (r *Restore) unpack(content *bufio.Reader, keys *copies.Keys) error {
	f, err := copies.TempIn(filepath.Dir(r.path), cliBackups)
	if err != nil {
		return err
	}
	r.plain, r.scratch = f.Name(), true
	if copies.Encrypted(content) {
		err = keys.Decrypt(f, content)
	} else {
		_, err = io.Copy(f, content)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, r.Close())
	}
	return nil
}

// Close removes temporary files.
func (r *Restore) Close() error {
	if !r.scratch {
		return nil
	}
	r.scratch = false
	for _, suffix := range []string{"-wal", "-shm"} {
		_ = os.Remove(r.plain + suffix) // they are left when reading was interrupted
	}
	return os.Remove(r.plain)
}

// Survey checks the backup, and compares it with the present database.
func (r *Restore) Survey(ctx context.Context, now time.Time) (survey.Survey, error) {
	if err := sqlite.CheckBackup(ctx, r.plain); err != nil {
		return survey.Survey{}, err
	}
	return survey.Of(ctx, r.plain, r.path, now)
}

// Free returns an error if the database cannot be replaced now.
func (r *Restore) Free(force bool) error { return sqlite.Replaceable(r.path, force) }

// Do replaces the database, and returns the new name of the previous one; empty
// when there was none. With a pause, the database gets its name with everything
// paused. See sqlite.Restore.
func (r *Restore) Do(ctx context.Context, force bool, pause *event.Pause) (aside string, err error) {
	o := sqlite.Restoring{Backup: r.plain, Path: r.path, Force: force, Now: time.Now()}
	if pause != nil {
		o.Prepare = func(ctx context.Context, s *sqlite.Store) error {
			if err := s.Pause(ctx, *pause); err != nil && !errors.Is(err, event.ErrConflict) { // it was paused already
				return err
			}
			return nil
		}
	}
	done, err := sqlite.Restore(ctx, o)
	return done.Aside, err
}
