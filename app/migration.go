package app

import (
	"log/slog"
	"time"

	"github.com/gavel-rules/gavel/store/upgrade"
)

// migrationLog logs each step of a migration, but not how the tables of a new
// database are made.
func migrationLog(log *slog.Logger) func(upgrade.Progress) {
	fresh := false
	return func(p upgrade.Progress) {
		if p.Number == 1 {
			fresh = p.Version == 1
		}
		step := []any{"step", p.Name, "number", p.Number, "of", p.Of}
		switch {
		case fresh:
		case p.Took > 0:
			log.Info("migrated the database", append(step, "took", p.Took.Round(time.Millisecond).String())...)
		default:
			rows := int64(0)
			for _, r := range p.Rows {
				rows = max(rows, r.Rows)
			}
			log.Info("migrating the database", append(step, "rows", rows)...)
		}
	}
}
