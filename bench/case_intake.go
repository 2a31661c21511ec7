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
		fmt.Sprintf("%d signed events of 1.4 kB per round over %d connections, closed loop; every %dth starts one http action",
			b.events, b.connections, traffic.SomeActions),
		workload{b.events, traffic.SomeActions}, b.bareContender(), b.sqliteContender())
	if err != nil {
		return nil, err
	}
	r.aim("accepted/s of gavel to the bare handler", r.Ratios[0].PerSecond, "at least", 0.4)
	r.aim("MB of gavel when idle", r.Contenders[1].Median.Idle, "at most", 40)
	return []*report{r}, nil
}
