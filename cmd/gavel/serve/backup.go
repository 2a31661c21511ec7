package serve

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/rules/units"
)

// backupFlags are the flags of serve for regular backups.
type backupFlags struct {
	to, every, keyFile string
	keep               int
}

func (f *backupFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.to, "backup-to", "", "existing folder for regular backups of the SQLite database; if empty, none are made")
	flags.StringVar(&f.every, "backup-every", "24h", "time between two backups, such as 6h")
	usage.Whole(flags, &f.keep, "backup-keep", 7, 1, "how many backups are kept")
	flags.StringVar(&f.keyFile, "backup-key-file", "", "file with the keys that encrypt backups; if empty, those of --encryption-key-file do, if given")
}

// backupLeast is the shortest time between two backups.
const backupLeast = time.Minute

func (f *backupFlags) apply(cmd *cobra.Command, o *app.Options) error {
	for _, name := range []string{"backup-every", "backup-keep"} {
		if f.to == "" && cmd.Flags().Changed(name) {
			return usage.Errorf("--%s requires --backup-to, the folder: no backups are made without it", name)
		}
	}
	every, err := units.ParseDuration(f.every)
	if err != nil || time.Duration(every) < backupLeast {
		return usage.Errorf("--backup-every: %q is not a time of at least 1m, such as 6h", f.every)
	}
	o.BackupTo, o.BackupEvery, o.BackupKeep, o.BackupKeyFile = f.to, time.Duration(every), f.keep, f.keyFile
	return nil
}
