package checkup

import (
	"fmt"
	"path/filepath"
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
	folder, err := vault.CopiesOf(c.Database, c.Backups)
	if err != nil {
		return []Finding{problem("folder-backups", "--backup-to: "+firstLine(err), "serve does not start with it; leave out --backup-to")}
	}
	all, err := folder.Copies(time.Now())
	if err != nil {
		return []Finding{problem("folder-backups", fmt.Sprintf("the backup folder %s cannot be read: %v", c.Backups, err), "make it readable for this user")}
	}
	if len(all) == 0 {
		return []Finding{warning("backup-age", "there is no backup in "+c.Backups+" yet", "the first is made soon after serve starts; if it is not, see its log")}
	}
	age := time.Since(all[0].Time)
	switch {
	case age < 0:
		return []Finding{warning("backup-age", "the newest backup, "+filepath.Base(all[0].Path)+", is of the future", "check the clock of this machine")}
	case c.BackupEvery > 0 && age > 2*c.BackupEvery:
		return []Finding{problem("backup-age", fmt.Sprintf("the newest backup is %s old, and one is due every %s", inWords(age), inWords(c.BackupEvery)), "see the log of serve; often the disk of the backups is full")}
	}
	return []Finding{ok("backup-age", fmt.Sprintf("the newest backup is %s old", inWords(age)))}
}

// inWords writes a time in days, or in hours and minutes.
func inWords(d time.Duration) string {
	if days := int(d.Hours() / 24); days > 1 {
		return counted(days, "day", "days")
	}
	hours, minutes := int(d.Hours()), int(d.Minutes())%60
	switch {
	case hours == 0:
		return counted(minutes, "minute", "minutes")
	case minutes == 0:
		return counted(hours, "hour", "hours")
	}
	return counted(hours, "hour", "hours") + " and " + counted(minutes, "minute", "minutes")
}
