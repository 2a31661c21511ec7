package app

import (
	"cmp"
	"context"
	"time"

	"github.com/gavel-rules/gavel/app/backups"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/vault"
	"github.com/gavel-rules/gavel/vault/copies"
)

// newBackups returns what makes regular backups; nil if there are none.
func (a *App) newBackups() (*backups.Backups, error) {
	o := a.opts
	if o.BackupTo == "" {
		return nil, nil
	}
	folder, err := vault.CopiesOf(o.Database, o.BackupTo)
	if err != nil {
		return nil, err
	}
	return backups.New(backups.Options{
		Folder: folder, Every: cmp.Or(o.BackupEvery, backups.DefaultEvery), Keep: cmp.Or(o.BackupKeep, backups.DefaultKeep),
		KeyFile: cmp.Or(o.BackupKeyFile, o.EncryptionKeyFile), Now: time.Now, Log: a.log,
		Make: func(ctx context.Context, keys *copies.Keys) (copies.Copy, event.Counts, error) {
			a.backingUp.Lock()
			defer a.backingUp.Unlock()
			return vault.AddCopy(ctx, a.store, o.Database, folder, keys)
		},
	})
}
