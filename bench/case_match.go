package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// runMatch answers: what does it cost to match one event against many rules?
// It runs the benchmark of package rules.
func runMatch(ctx context.Context, b *bench) ([]*report, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkMatch$",
		"-benchtime", b.benchTime.String(), "github.com/gavel-rules/gavel/rules")
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go test: %w\n%s%s", err, out.String(), problems.String())
	}
	r := newReport("match", "one event against rule sets in memory; a tenth of the rules is about events of its type, with a condition of three comparisons each")
	r.Table = &table{Columns: []string{"µs per event", "events/s"}}
	for line := range strings.Lines(out.String()) {
		// BenchmarkMatch/1000-2   12345   6789 ns/op   …
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[3] != "ns/op" {
			continue
		}
		rules, _, _ := strings.Cut(strings.TrimPrefix(fields[0], "BenchmarkMatch/"), "-")
		nanoseconds, err := strconv.ParseFloat(fields[2], 64)
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", line, err)
		}
		r.addRow(rules+" rules", nanoseconds/1e3, 1e9/max(nanoseconds, 1))
	}
	if len(r.Table.Rows) == 0 {
		return nil, errors.New("go test has shown no figures")
	}
	return []*report{r}, nil
}
