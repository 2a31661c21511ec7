// Package storetest is the contract of a store: what the engine, the console
// and the command line rely on, whichever database is underneath.
package storetest

import (
	"maps"
	"testing"

	"github.com/gavel-rules/gavel/store"
)

// Database opens a store on one and the same database; every call is as good
// as another process. The stores are closed when the test ends.
type Database func(t *testing.T) store.Store

// Run checks the contract. fresh makes an empty database.
func Run(t *testing.T, fresh func(t *testing.T) Database) {
	run(t, fresh, merged(unsearched(), searchTests()))
}

// RunSealed checks the contract of a store whose database must not know the
// words of its events: all of it but the search.
func RunSealed(t *testing.T, fresh func(t *testing.T) Database) {
	run(t, fresh, unsearched())
}

func unsearched() map[string]func(*world) {
	return merged(
		acceptTests(), laneTests(), meetingTests(), queueTests(), recordTests(), changeTests(), readTests(), pruneTests(),
		windowTests(), replaceTests(), replayTests(), tallyTests(), standingTests(), identityTests(), concurrencyTests(), processTests(), factsTests(), issueTests(), pauseTests(), refusalTests(),
	)
}

func run(t *testing.T, fresh func(t *testing.T) Database, all map[string]func(*world)) {
	for name, test := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := fresh(t)
			test(&world{T: t, db: db, Store: db(t)})
		})
	}
}

func merged(groups ...map[string]func(*world)) map[string]func(*world) {
	out := map[string]func(*world){}
	for _, group := range groups {
		maps.Copy(out, group)
	}
	return out
}
