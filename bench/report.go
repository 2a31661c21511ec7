package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
)

// report is the outcome of one case.
type report struct {
	Case       string         `json:"case"`
	Load       string         `json:"load"`
	Machine    string         `json:"machine"`
	Contenders []contestation `json:"contenders"`
	// Ratios compare each later contender with the first, round by round, and
	// give the median of that.
	Ratios []ratio `json:"ratios"`
}

type contestation struct {
	Name   string   `json:"name"`
	Rounds []sample `json:"rounds"`
	Median sample   `json:"median"`
}

type ratio struct {
	Of        string  `json:"of"`
	To        string  `json:"to"`
	PerSecond float64 `json:"accepted_per_second"`
	P99       float64 `json:"answer_p99"`
	CPU       float64 `json:"cpu"`
}

// compare runs the contenders in turn, round by round.
func (b *bench) compare(ctx context.Context, name, text string, contenders ...contender) (*report, error) {
	r := &report{
		Case: name, Load: text,
		Machine: fmt.Sprintf("%s/%s, %d cores, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version()),
	}
	for _, c := range contenders {
		r.Contenders = append(r.Contenders, contestation{Name: c.name})
	}
	for round := range b.rounds {
		for i, c := range contenders {
			s, err := b.measureRound(ctx, c, round)
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
		pairs := func(value func(sample) float64) float64 {
			var list []float64
			for i := range c.Rounds {
				if base := value(first.Rounds[i]); base > 0 {
					list = append(list, value(c.Rounds[i])/base)
				}
			}
			return median(list)
		}
		r.Ratios = append(r.Ratios, ratio{
			Of: c.Name, To: first.Name,
			PerSecond: pairs(func(s sample) float64 { return s.PerSecond }),
			P99:       pairs(func(s sample) float64 { return s.P99 }),
			CPU:       pairs(func(s sample) float64 { return s.CPU }),
		})
	}
}

// medianSample takes the median of each measurement; counts are summed, so
// that a single lost action in any round shows.
func medianSample(rounds []sample) sample {
	of := func(value func(sample) float64) float64 {
		list := make([]float64, 0, len(rounds))
		for _, s := range rounds {
			list = append(list, value(s))
		}
		return median(list)
	}
	m := sample{
		PerSecond:  of(func(s sample) float64 { return s.PerSecond }),
		P50:        of(func(s sample) float64 { return s.P50 }),
		P99:        of(func(s sample) float64 { return s.P99 }),
		CPU:        of(func(s sample) float64 { return s.CPU }),
		Idle:       of(func(s sample) float64 { return s.Idle }),
		Peak:       of(func(s sample) float64 { return s.Peak }),
		ActionP50:  of(func(s sample) float64 { return s.ActionP50 }),
		ActionP99:  of(func(s sample) float64 { return s.ActionP99 }),
		AllSettled: of(func(s sample) float64 { return s.AllSettled }),
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

func writeJSON(out io.Writer, reports []*report) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(reports)
}

func writeTables(out io.Writer, reports []*report) error {
	for _, r := range reports {
		fmt.Fprintf(out, "%s: %s\n%s; medians of %d rounds, counts of all rounds\n\n",
			r.Case, r.Load, r.Machine, len(r.Contenders[0].Rounds))
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "\taccepted/s\tp50 ms\tp99 ms\tCPU ms/1,000\tidle MB\tpeak MB\trefused\tactions\tlost\tdoubled\taction p50 ms\tp99 ms\t")
		for _, c := range r.Contenders {
			m := c.Median
			fmt.Fprintf(w, "%s\t%.0f\t%.2f\t%.2f\t%.1f\t%.1f\t%.1f\t%d\t", c.Name, m.PerSecond, m.P50, m.P99, m.CPU, m.Idle, m.Peak, m.Refused)
			if m.Expected > 0 {
				fmt.Fprintf(w, "%d/%d\t%d\t%d\t%.1f\t%.1f\t\n", m.Delivered, m.Expected, m.Lost, m.Doubled, m.ActionP50, m.ActionP99)
			} else {
				fmt.Fprintln(w, "-\t-\t-\t-\t-\t")
			}
		}
		if err := w.Flush(); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
		for _, x := range r.Ratios {
			fmt.Fprintf(out, "\n%s to %s: %.2f of the accepted/s, %.2f times the CPU, %.2f times the p99\n",
				x.Of, x.To, x.PerSecond, x.CPU, x.P99)
		}
	}
	return nil
}
