package guard

import (
	"context"
	"database/sql"
	"time"
)

// checkPatience bounds the check at the start: about 4 GB. Damage in the rest
// is found when it is read.
const checkPatience = 20 * time.Second

// CheckContent checks the database and returns what is damaged. The guard must
// hold the serve lock.
func (g *Guard) CheckContent(ctx context.Context, db *sql.DB) (problem string, err error) {
	info, err := g.held.Stat()
	if err != nil {
		return "", err
	}
	how := "quick_check"
	if info.Size() <= fullCheck {
		how = "integrity_check"
	}
	limited, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	err = db.QueryRowContext(limited, "PRAGMA "+how+"(1)").Scan(&problem)
	if problem == "ok" || err != nil && limited.Err() != nil {
		return "", ctx.Err()
	}
	return problem, err
}

// fullCheck is the size up to which indexes are compared with their tables as
// well, which takes several times as long.
const fullCheck = 64 << 20
