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

// goFigures is one line of a Go benchmark.
type goFigures struct {
	name        string // behind the name of the benchmark
	nanoseconds float64
	figures     map[string]float64 // by unit
}

// count reads the name as a number; 0 if it is none.
func (f goFigures) count() float64 {
	n, err := strconv.ParseFloat(f.name, 64)
	if err != nil {
		return 0
	}
	return n
}

// goBenchmark runs one benchmark of a package of this module.
func (b *bench) goBenchmark(ctx context.Context, pkg, name string) ([]goFigures, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^"+name+"$", "-benchmem", "-cpu", "1",
		"-benchtime", b.benchTime.String(), "github.com/gavel-rules/gavel/"+pkg)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go test: %w\n%s%s", err, out.String(), problems.String())
	}
	var lines []goFigures
	for line := range strings.Lines(out.String()) {
		// BenchmarkMatch/1000   12345   6789 ns/op   301 allocs/op …
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], name) {
			continue
		}
		f := goFigures{name: strings.TrimPrefix(strings.TrimPrefix(fields[0], name), "/"), figures: map[string]float64{}}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("read %q: %w", line, err)
			}
			f.figures[fields[i+1]] = value
		}
		f.nanoseconds = f.figures["ns/op"]
		lines = append(lines, f)
	}
	if len(lines) == 0 {
		return nil, errors.New("go test has shown no figures")
	}
	return lines, nil
}
