package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
)

// report is the outcome of one case: contenders with their samples, or a table
// of the case's own.
type report struct {
	Case       string         `json:"case"`
	Load       string         `json:"load"`
	Machine    string         `json:"machine"`
	Contenders []contestation `json:"contenders,omitempty"`
	// Ratios compare each later contender with the first, round by round, and
	// give the median of that.
	Ratios []ratio  `json:"ratios,omitempty"`
	Table  *table   `json:"table,omitempty"`
	Aims   []aim    `json:"aims,omitempty"`
	Notes  []string `json:"notes,omitempty"`
}

// table holds one row of numbers for each thing measured.
type table struct {
	Columns []string `json:"columns"`
	Rows    []row    `json:"rows"`
}

type row struct {
	Name   string    `json:"name"`
	Values []float64 `json:"values"`
}

func newReport(name, load string) *report {
	return &report{
		Case: name, Load: load,
		Machine: fmt.Sprintf("%s/%s, %d cores, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version()),
	}
}

// note adds a remark that a reader of the figures needs; "" adds nothing.
func (r *report) note(text string) {
	if text != "" {
		r.Notes = append(r.Notes, text)
	}
}

func (r *report) addRow(name string, values ...float64) {
	r.Table.Rows = append(r.Table.Rows, row{name, values})
}

type contestation struct {
	Name   string     `json:"name"`
	Rounds []measured `json:"rounds"`
	Median measured   `json:"median"`
}

type ratio struct {
	Of        string  `json:"of"`
	To        string  `json:"to"`
	PerSecond float64 `json:"accepted_per_second"`
	P99       float64 `json:"answer_p99"`
	CPU       float64 `json:"cpu"`
	Finished  float64 `json:"finished_runs_per_second,omitempty"` // 0 when the first finishes none
	AllCPU    float64 `json:"cpu_with_server"`
}

// compare runs the contenders in turn, round by round.
func (b *bench) compare(ctx context.Context, name, text string, work workload, contenders ...contender) (*report, error) {
	r := newReport(name, text)
	for _, c := range contenders {
		r.Contenders = append(r.Contenders, contestation{Name: c.name})
	}
	for round := range b.rounds {
		for i, c := range contenders {
			s, err := b.measureRound(ctx, c, round, work)
			if err != nil {
				return nil, fmt.Errorf("%s, round %d: %w", c.name, round+1, err)
			}
			b.say("%s: round %d of %d, %s: %.0f accepted/s", name, round+1, b.rounds, c.name, s.PerSecond)
			r.Contenders[i].Rounds = append(r.Contenders[i].Rounds, *s)
		}
	}
	for i := range r.Contenders {
		r.Contenders[i].Median = medianSample(r.Contenders[i].Rounds)
	}
	r.addRatios()
	return r, nil
}

func (r *report) addRatios() {
	first := r.Contenders[0]
	for _, c := range r.Contenders[1:] {
		pairs := func(value func(measured) float64) float64 { return c.to(first, value) }
		r.Ratios = append(r.Ratios, ratio{
			Of: c.Name, To: first.Name,
			PerSecond: pairs(measured.speed),
			P99:       pairs(func(s measured) float64 { return s.P99 }),
			CPU:       pairs(func(s measured) float64 { return s.CPU }),
			Finished:  pairs(func(s measured) float64 { return s.Finished }),
			AllCPU:    pairs(measured.allCPU),
		})
	}
}

// to returns the median of the ratios of each round.
func (c contestation) to(base contestation, value func(measured) float64) float64 {
	var list []float64
	for i := range c.Rounds {
		if b := value(base.Rounds[i]); b > 0 {
			list = append(list, value(c.Rounds[i])/b)
		}
	}
	return median(list)
}

// medianSample takes the median of each measurement; counts are summed, so
// that a single lost action in any round shows.
func medianSample(rounds []measured) measured {
	of := func(value func(measured) float64) float64 {
		list := make([]float64, 0, len(rounds))
		for _, s := range rounds {
			list = append(list, value(s))
		}
		return median(list)
	}
	m := measured{
		PerSecond:  of(func(s measured) float64 { return s.PerSecond }),
		P50:        of(func(s measured) float64 { return s.P50 }),
		P99:        of(func(s measured) float64 { return s.P99 }),
		CPU:        of(func(s measured) float64 { return s.CPU }),
		Idle:       of(func(s measured) float64 { return s.Idle }),
		Peak:       of(func(s measured) float64 { return s.Peak }),
		ActionP50:  of(func(s measured) float64 { return s.ActionP50 }),
		ActionP99:  of(func(s measured) float64 { return s.ActionP99 }),
		Finished:   of(func(s measured) float64 { return s.Finished }),
		Steady:     of(func(s measured) float64 { return s.Steady }),
		Ready:      of(func(s measured) float64 { return s.Ready }),
		RunsCPU:    of(func(s measured) float64 { return s.RunsCPU }),
		ServerCPU:  of(func(s measured) float64 { return s.ServerCPU }),
		AllSettled: of(func(s measured) float64 { return s.AllSettled }),
	}
	for _, s := range rounds {
		m.Accepted += s.Accepted
		m.Refused += s.Refused
		m.Expected += s.Expected
		m.Delivered += s.Delivered
		m.Lost += s.Lost
		m.Doubled += s.Doubled
	}
	return m
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	middle := len(list) / 2
	if len(list)%2 == 1 {
		return list[middle]
	}
	return (list[middle-1] + list[middle]) / 2
}
