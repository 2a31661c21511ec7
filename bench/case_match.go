package main

import "context"

// runMatch answers: what does it cost to match one event against many rules,
// to read and check that many, and to play rules over stored events?
func runMatch(ctx context.Context, b *bench) ([]*report, error) {
	match, err := b.goBenchmark(ctx, "rules", "BenchmarkMatch")
	if err != nil {
		return nil, err
	}
	load, err := b.goBenchmark(ctx, "rules", "BenchmarkLoad")
	if err != nil {
		return nil, err
	}
	backtest, err := b.goBenchmark(ctx, "rehearse", "BenchmarkBacktest")
	if err != nil {
		return nil, err
	}
	return []*report{
		matchReport(match), loadReport(load), backtestReport(backtest),
	}, nil
}

func matchReport(lines []goFigures) *report {
	r := newReport("match", "one event against rule sets in memory; a tenth of the rules is about events of its type, with a condition of three comparisons each")
	r.Table = &table{Columns: []string{"µs per event", "events/s", "allocations"}}
	for _, l := range lines {
		r.addRow(l.name+" rules", l.nanoseconds/1e3, 1e9/max(l.nanoseconds, 1), l.figures["allocs/op"])
	}
	return r
}

func loadReport(lines []goFigures) *report {
	r := newReport("load", "rules files read, checked and compiled")
	r.Table = &table{Columns: []string{"ms", "µs per rule"}}
	for _, l := range lines {
		r.addRow(l.name+" rules", l.nanoseconds/1e6, l.nanoseconds/1e3/max(l.count(), 1))
	}
	return r
}

func backtestReport(lines []goFigures) *report {
	r := newReport("backtest", "eight rules with waits, thresholds and chains over stored events, nearly every one of which starts runs; one core")
	r.Table = &table{Columns: []string{"events/s"}}
	for _, l := range lines {
		r.addRow("back-test", l.figures["events/s"])
	}
	return r
}
