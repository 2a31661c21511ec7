package runbook

import (
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

func postgresAway(t *testing.T, e entry) {
	database := testkit.NewDatabase(t)
	p := testkit.Start(t, testkit.Serve{Database: database})
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "before"))
	testkit.AllowConnections(t, database, false)
	e.isSeen(t, of(t, p))
	testkit.AllowConnections(t, database, true)
	worksAgain(t, p)
}

func postgresReadOnly(t *testing.T, e entry) {
	database := testkit.NewDatabase(t)
	p := testkit.Start(t, testkit.Serve{Database: database})
	testkit.ReadOnly(t, database, true)
	s := of(t, p)
	r := serveOnce(t, p, "--database", database)
	e.isSeen(t, s.prints(r.Stderr))
	testkit.ReadOnly(t, database, false)
	worksAgain(t, p)
}

func postgresUnsafe(t *testing.T, e entry) {
	p := testkit.Start(t, testkit.Serve{Database: testkit.NewDatabase(t)})
	e.isSeen(t, of(t, p)) // the server of the tests runs with fsync = off
}

// clockWrong has a newest event from the future, as after a clock that was ahead.
func clockWrong(t *testing.T, e entry) {
	database := testkit.NewDatabase(t)
	p := testkit.Start(t, testkit.Serve{Database: database})
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "before"))
	p.Stop()
	testkit.Execute(t, database, "UPDATE gavel_events SET received = received + 3600000000")
	p.Restart()
	e.isSeen(t, of(t, p))
}

// progressRefused has a database that takes events and refuses what runs did.
func progressRefused(t *testing.T, e entry) {
	database := testkit.NewDatabase(t)
	p := testkit.Start(t, testkit.Serve{Database: database})
	testkit.Execute(t, database, "ALTER TABLE gavel_attempts ADD CONSTRAINT none CHECK (false) NOT VALID")
	p.MustPost(testkit.Sample(t, event.TypeWebhookTest, "refused"))
	e.isSeen(t, of(t, p))
}
