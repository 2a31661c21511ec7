package vault

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/gavel-rules/gavel/store"
)

// serverBackups begins the names of files that a server sends backups from.
const serverBackups = ".gavel-serve-backup-"

// BackupToSend makes a backup of an open database. The file has no name any
// more and ends when it is closed.
func BackupToSend(ctx context.Context, s store.Store, databaseURL string) (*os.File, error) {
	path, ok := sqlitePath(databaseURL)
	if !ok {
		return nil, errUsePgDump
	}
	f, err := os.CreateTemp(filepath.Dir(path), serverBackups+"*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(f.Name()) }() // the start removes what is left
	if err := s.Backup(ctx, f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// RemoveUnsent removes what a killed server was about to send.
func RemoveUnsent(databaseURL string) {
	path, ok := sqlitePath(databaseURL)
	if !ok {
		return
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), serverBackups+"*")) // the pattern is good
	for _, file := range left {
		_ = os.Remove(file) // it only takes room
	}
}
