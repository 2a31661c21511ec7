package main

import (
	"context"
	"fmt"

	"github.com/gavel-rules/gavel/bench/traffic"
)

// runFull answers: what does an event cost when a great many are stored
// already, compared with an empty database? The full database stays for all
// rounds and grows a little with each; events come from the same seeds, so they
// are new to it.
func runFull(ctx context.Context, b *bench) ([]*report, error) {
	place := b.sqlitePlace()
	url, drop, err := place.make(ctx, "full")
	if err != nil {
		return nil, err
	}
	defer func() { _ = drop() }() // what stays goes with the folder
	b.say("full: storing %d events and runs", b.stored)
	if err := b.fillLists(ctx, place, url, bulk{uuids: true}); err != nil {
		return nil, err
	}
	filled := func(context.Context, string) (string, func() error, error) {
		return url, func() error { return nil }, nil
	}
	empty, full := b.sqliteContender(), b.gavelContender(fmt.Sprintf("with %d events and runs", b.stored), filled, 1)
	empty.name = "empty database"
	r, err := b.compare(ctx, "full",
		fmt.Sprintf("%d signed events of 1.4 kB per round over %d connections, closed loop; every %dth starts one http action; SQLite, empty and with %d events and as many runs stored",
			b.events, b.connections, traffic.SomeActions, b.stored),
		workload{events: b.events, actionEach: traffic.SomeActions}, empty, full)
	if err != nil {
		return nil, err
	}
	r.aim("CPU of the full database to the empty one", r.Ratios[0].CPU, fullCPU)
	return []*report{r}, nil
}
