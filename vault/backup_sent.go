package vault

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault/copies"
)

// serverBackups is the prefix of files that a server sends backups from.
const serverBackups = ".gavel-serve-backup-"

// BackupToSend makes a backup of an open database. The file is unlinked: it
// disappears when it is closed.
func BackupToSend(ctx context.Context, s store.Store, databaseURL string) (*os.File, error) {
	path, ok := sqlitePath(databaseURL)
	if !ok {
		return nil, errUsePgDump
	}
	f, err := os.CreateTemp(filepath.Dir(path), serverBackups+"*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(f.Name()) }() // the next start removes what is left
	if err := s.Backup(ctx, f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// RemoveUnsent removes backups that a killed server left behind.
func RemoveUnsent(databaseURL string) {
	path, ok := sqlitePath(databaseURL)
	if !ok {
		return
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), serverBackups+"*")) // the pattern is valid
	for _, file := range left {
		_ = os.Remove(file) // on an error it only takes space
	}
}

// AddCopy adds a backup of an open database to a folder, and says what is in
// it.
func AddCopy(ctx context.Context, s store.Store, databaseURL string, to *copies.Folder, keys *copies.Keys) (copies.Copy, event.Counts, error) {
	path, ok := sqlitePath(databaseURL)
	if !ok {
		return copies.Copy{}, event.Counts{}, errUsePgDump
	}
	var counts event.Counts
	made, err := to.Add(ctx, time.Now(), keys, copies.Scratch{
		Folder: filepath.Dir(path), Prefix: serverBackups,
		Make: func(ctx context.Context, file string) (err error) {
			if err := s.Backup(ctx, file); err != nil {
				return err
			}
			counts, err = countBackup(ctx, file)
			return err
		},
	})
	return made, counts, err
}

// CopiesOf returns the folder with the copies of a database.
func CopiesOf(databaseURL, folder string) (*copies.Folder, error) {
	path, ok := sqlitePath(databaseURL)
	if !ok {
		return nil, errUsePgDump
	}
	return &copies.Folder{Path: folder, Name: copies.NameOf(path)}, nil
}
