package main

import (
	"context"
	"fmt"
	"strings"

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
	contenders := []contender{b.bareContender(), b.sqliteContender(), b.postgresContender(1), b.postgresContender(3), b.handwrittenPostgres()}
	server := true
	if _, err := serverCPU(ctx); err != nil {
		server = false
		note = strings.TrimPrefix(note+"; the server's processor time is not known: "+err.Error(), "; ")
	}
	loads := []struct {
		name, text string
		workload
	}{
		{"postgres, intake", fmt.Sprintf("every %dth starts one http action", traffic.SomeActions), workload{events: b.events, actionEach: traffic.SomeActions, server: server}},
		{"postgres, runs", "every one starts one http action", workload{events: max(1, b.events/2), actionEach: traffic.OnlyActions, server: server}},
	}
	var reports []*report
	for _, l := range loads {
		text := fmt.Sprintf("%d signed events of 1.4 kB per round over %d connections, closed loop; %s", l.events, b.connections, l.text)
		r, err := b.compare(ctx, l.name, text, l.workload, contenders...)
		if err != nil {
			return nil, err
		}
		r.note(note)
		r.note("memory is that of the contender alone; the server's processor time is a column of its own")
		reports = append(reports, r)
	}
	one, three, bare := reports[0].Contenders[2], reports[0].Contenders[3], reports[0].Contenders[0]
	reports[0].aim(one.Name+": accepted/s to the bare handler", one.to(bare, measured.speed), postgresSpeed)
	reports[0].aim(three.Name+": accepted/s to one process", three.to(one, measured.speed), postgresThree)
	if server {
		reports[0].aim(one.Name+": CPU with the server's to the bare handler", one.to(bare, measured.allCPU), postgresCPU)
	}
	return reports, nil
}
