package main

import (
	"context"
	"fmt"

	"github.com/gavel-rules/gavel/bench/traffic"
)

// runIntake answers: how much of the speed of a handler that keeps nothing is
// left when every event is on disk before its answer, and every fifth starts
// an HTTP action?
func runIntake(ctx context.Context, b *bench) ([]*report, error) {
	r, err := b.compare(ctx, "intake",
		fmt.Sprintf("%d signed events of 1.4 kB per round over %d connections, closed loop, then %d/s for %v; every %dth starts one http action",
			b.events, b.connections, steadyRate, b.steady, traffic.SomeActions),
		workload{events: b.events, actionEach: traffic.SomeActions, steady: b.steady},
		b.bareContender(), b.sqliteContender(), b.besideContender(), b.handwrittenSQLite())
	if err != nil {
		return nil, err
	}
	for i, c := range r.Contenders[1:3] {
		of, to := c.Name+": ", r.Ratios[i]
		r.aim(of+"accepted/s to the bare handler", to.PerSecond, intakeSpeed)
		r.aim(of+"CPU to the bare handler", to.CPU, intakeCPU)
		r.aim(of+"p99 to the bare handler", to.P99, intakeP99)
		r.aim(fmt.Sprintf("%sms of the answer at %d/s, p99", of, steadyRate), c.Median.Steady, intakeSteady)
		r.aim(of+"MB at its highest", c.Median.Peak, intakePeak)
		r.aim(of+"MB when idle", c.Median.Idle, intakeIdle)
		r.aim(of+"ms until ready", c.Median.Ready, intakeReady)
	}
	r.note(fmt.Sprintf("steady p99 is that of the answer at %d events/s; processor time counts until the search index, or the outbox, has caught up", steadyRate))
	return []*report{r}, nil
}
