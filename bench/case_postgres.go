package main

import (
	"context"
	"fmt"

	"github.com/gavel-rules/gavel/bench/traffic"
)

// runPostgres answers: what do the databases, and more processes on one
// database, do to the events taken and the runs finished per second? The first
// load is mostly intake; in the second every event starts a run, so it shows
// how fast runs are brought to their end.
func runPostgres(ctx context.Context, b *bench) ([]*report, error) {
	note, err := checkServer(ctx)
	if err != nil {
		return nil, err
	}
	contenders := []contender{b.sqliteContender(), b.postgresContender(1), b.postgresContender(3)}
	loads := []struct {
		name, text string
		workload
	}{
		{"postgres, intake", fmt.Sprintf("every %dth starts one http action", traffic.SomeActions), workload{b.events, traffic.SomeActions}},
		{"postgres, runs", "every one starts one http action", workload{max(1, b.events/2), traffic.OnlyActions}},
	}
	var reports []*report
	for _, l := range loads {
		text := fmt.Sprintf("%d signed events of 1.4 kB per round over %d connections, closed loop; %s", l.events, b.connections, l.text)
		r, err := b.compare(ctx, l.name, text, l.workload, contenders...)
		if err != nil {
			return nil, err
		}
		r.note(note)
		r.note("CPU and memory are those of gavel; PostgreSQL's own are not in them")
		reports = append(reports, r)
	}
	return reports, nil
}
