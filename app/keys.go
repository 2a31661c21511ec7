package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/rules"
)

// keysEvery is how soon the keys that changed rules list are known.
const keysEvery = 5 * time.Second

// listKeys begins the time of the keys that rules with an absence list, when they
// are loaded. A mark says of which keys that has been done, so that a start with
// many of them costs nothing; what is told twice is stored once.
func (a *App) listKeys(ctx context.Context) {
	tick := time.NewTicker(keysEvery)
	defer tick.Stop()
	done := ""
	for {
		if set := a.live.Current(); set.Revision != done {
			if err := a.tellKeys(ctx, set); err == nil {
				done = set.Revision
			} else if ctx.Err() == nil {
				a.log.Warn("keys of rules with an absence are not known yet; trying again", "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (a *App) tellKeys(ctx context.Context, set *rules.Set) error {
	for _, r := range set.Listing() {
		sum := sha256.Sum256([]byte(strings.Join(r.Absence.Keys, "\x00")))
		name, value := "absence/"+r.Name, hex.EncodeToString(sum[:])
		known, err := a.store.Mark(ctx, name)
		if err != nil {
			return err
		}
		if known == value {
			continue
		}
		for _, t := range r.Keys(a.clock.Now()) {
			if _, err := a.engine.Tell(ctx, t); err != nil {
				return err
			}
		}
		if err := a.store.SetMark(ctx, name, value); err != nil {
			return err
		}
	}
	return nil
}
