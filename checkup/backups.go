package checkup

import (
	"fmt"
	"os"
	"time"

	"github.com/gavel-rules/gavel/vault"
)

// backups says how old the newest scheduled backup is.
func (c *checkup) backups() []Finding {
	if c.Backups == "" {
		if _, file := vault.File(c.Database); file {
			c.notChecked("backups: none are scheduled by Gavel")
		}
		return nil
	}
	if err := writable(c.Backups); err != nil {
		return []Finding{problem("folder-backups", fmt.Sprintf("the backup folder %s cannot be written: %v", c.Backups, err), "make it, for the user that Gavel runs as")}
	}
	entries, err := os.ReadDir(c.Backups)
	if err != nil {
		return []Finding{problem("folder-backups", fmt.Sprintf("the backup folder cannot be read: %v", err), "make it readable for this user")}
	}
	var newest time.Time
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	age := time.Since(newest).Round(time.Minute)
	switch {
	case newest.IsZero():
		return []Finding{warning("backup-age", "there is no backup in "+c.Backups+" yet", "the first is made soon after serve starts; if it is not, see its log")}
	case c.BackupEvery > 0 && age > 2*c.BackupEvery:
		return []Finding{problem("backup-age", fmt.Sprintf("the newest backup is %s old, and one is due every %s", age, c.BackupEvery), "see the log of serve; often the disk of the backups is full")}
	}
	return []Finding{ok("backup-age", fmt.Sprintf("the newest backup is %s old", age))}
}
