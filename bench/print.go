package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

func writeJSON(out io.Writer, reports []*report) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(reports)
}

func writeTables(out io.Writer, reports []*report) error {
	for i, r := range reports {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "%s: %s\n%s", r.Case, r.Load, r.Machine)
		if len(r.Contenders) > 0 {
			fmt.Fprintf(out, "; medians of %d rounds, counts of all rounds", len(r.Contenders[0].Rounds))
		}
		fmt.Fprint(out, "\n\n")
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
		r.writeContenders(w)
		r.writeTable(w)
		if err := w.Flush(); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
		r.writeRemarks(out)
	}
	return nil
}

func (r *report) writeContenders(w io.Writer) {
	if len(r.Contenders) == 0 {
		return
	}
	fmt.Fprintln(w, "\taccepted/s\truns/s\tp50 ms\tp99 ms\tsteady p99\tCPU ms/1,000\tto last run\tserver's\tready ms\tidle MB\tpeak MB\trefused\tactions\tlost\tdoubled\taction p50 ms\tp99 ms\t")
	for _, c := range r.Contenders {
		m := c.Median
		finished, actions := "-", "-\t-\t-\t-\t-"
		if m.Expected > 0 {
			finished = fmt.Sprintf("%.0f", m.Finished)
			actions = fmt.Sprintf("%d/%d\t%d\t%d\t%.1f\t%.1f", m.Delivered, m.Expected, m.Lost, m.Doubled, m.ActionP50, m.ActionP99)
		}
		fmt.Fprintf(w, "%s\t%.0f\t%s\t%.2f\t%.2f\t%s\t%.1f\t%.1f\t%s\t%.0f\t%.1f\t%.1f\t%d\t%s\t\n",
			c.Name, m.PerSecond, finished, m.P50, m.P99, ifAny("%.2f", m.Steady), m.CPU, m.RunsCPU, ifAny("%.1f", m.ServerCPU),
			m.Ready, m.Idle, m.Peak, m.Refused, actions)
	}
}

// ifAny writes a figure that not every case measures.
func ifAny(format string, v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf(format, v)
}

func (r *report) writeTable(w io.Writer) {
	if r.Table == nil {
		return
	}
	fmt.Fprintf(w, "\t%s\t\n", strings.Join(r.Table.Columns, "\t"))
	for _, line := range r.Table.Rows {
		cells := make([]string, 0, len(line.Values))
		for _, v := range line.Values {
			cells = append(cells, number(v))
		}
		fmt.Fprintf(w, "%s\t%s\t\n", line.Name, strings.Join(cells, "\t"))
	}
}

func (r *report) writeRemarks(out io.Writer) {
	if len(r.Ratios)+len(r.Aims)+len(r.Notes) > 0 {
		fmt.Fprintln(out)
	}
	for _, x := range r.Ratios {
		fmt.Fprintf(out, "%s to %s: %.2f of the accepted/s, ", x.Of, x.To, x.PerSecond)
		if x.Finished > 0 {
			fmt.Fprintf(out, "%.2f of the runs/s, ", x.Finished)
		}
		fmt.Fprintf(out, "%.2f times the CPU, ", x.CPU)
		if x.AllCPU > x.CPU {
			fmt.Fprintf(out, "%.2f with the server's, ", x.AllCPU)
		}
		fmt.Fprintf(out, "%.2f times the p99\n", x.P99)
	}
	for _, a := range r.Aims {
		fmt.Fprintf(out, "%s: %s; aim: %s\n", a.Of, number(a.Value), a.verdict())
	}
	for _, n := range r.Notes {
		fmt.Fprintf(out, "Note: %s.\n", n)
	}
}

// number writes a figure with three digits that mean something.
func number(v float64) string {
	decimals := 2
	if size := math.Abs(v); size >= 100 || v == math.Trunc(v) {
		decimals = 0
	} else if size >= 10 {
		decimals = 1
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}
