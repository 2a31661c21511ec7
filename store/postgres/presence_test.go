package postgres_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/internal/testkit"
)

// pair is two machines that others know as present, and a run that the first
// carries out.
func pair(t *testing.T) (database string, a, b *machine) {
	t.Helper()
	database = testkit.NewDatabase(t)
	a, b = newMachine(t, database, 0), newMachine(t, database, 0)
	for _, m := range []*machine{a, b} {
		if runs := m.claim(); len(runs) > 0 {
			t.Fatalf("claimed %d runs of nobody", len(runs))
		}
	}
	a.take("e1", true)
	untilLocked(t, database, 2)
	return database, a, b
}

func (m *machine) claim() []bool {
	m.Helper()
	runs, err := m.Claim(m.Context(), m.owner, m.now(), m.now().Add(lease), 10)
	if err != nil {
		m.Fatal(err)
	}
	reclaimed := make([]bool, len(runs))
	for i, r := range runs {
		reclaimed[i] = r.Reclaimed
	}
	return reclaimed
}

func admin(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

// untilLocked waits until so many processes are present.
func untilLocked(t *testing.T, database string, want int) {
	t.Helper()
	conn := admin(t, database)
	const text = `SELECT count(*) FROM gavel_processes p JOIN pg_locks l ON l.locktype = 'advisory' AND l.objid::bigint = p.lock::bigint & 4294967295
		WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var n int
		if err := conn.QueryRow(t.Context(), text).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n == want {
			return
		}
	}
	t.Fatalf("not %d processes present", want)
}

// TestLeasesOfTheDeadEnd: what a killed process was carrying out is claimed long
// before its lease ends.
func TestLeasesOfTheDeadEnd(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t)
	if runs := b.claim(); len(runs) > 0 {
		t.Fatal("the run of a living process was claimed")
	}
	if err := a.Close(); err != nil { // gives nothing back
		t.Fatal(err)
	}
	for deadline := time.Now().Add(lease / 2); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if runs := b.claim(); len(runs) == 1 {
			if !runs[0] {
				t.Error("the run does not count as reclaimed")
			}
			return
		}
	}
	t.Error("the run was not claimed")
}

// TestLeasesOfTheLivingStay: a process that lost its connection, or that may not
// have found the server again after its restart, keeps its leases.
func TestLeasesOfTheLivingStay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		then  string
		close bool
	}{
		"connections cut":    {then: "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'INSERT INTO gavel_processes%' AND datname = current_database()"},
		"a server restarted": {then: "UPDATE gavel_processes SET started = started - interval '1 second'", close: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database, a, b := pair(t)
			if _, err := admin(t, database).Exec(t.Context(), c.then); err != nil {
				t.Fatal(err)
			}
			if c.close {
				if err := a.Close(); err != nil {
					t.Fatal(err)
				}
			}
			for range 80 { // longer than two looks
				if runs := b.claim(); len(runs) > 0 {
					t.Fatal("the lease was ended")
				}
				time.Sleep(100 * time.Millisecond)
			}
		})
	}
}
