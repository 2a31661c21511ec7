// Package gobench runs Go benchmarks of this module and reads what they print.
package gobench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Figures is one line of a Go benchmark.
type Figures struct {
	Name        string // behind the name of the benchmark
	Nanoseconds float64
	ByUnit      map[string]float64
}

// Count reads the name as a number; 0 if it is none.
func (f Figures) Count() float64 {
	n, err := strconv.ParseFloat(f.Name, 64)
	if err != nil {
		return 0
	}
	return n
}

// Run runs one benchmark of a package of this module on one core, each of its
// parts for the given time.
func Run(ctx context.Context, pkg, name string, each time.Duration) ([]Figures, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-vet=off", "-run", "^$", "-bench", "^"+name+"$", "-benchmem", "-cpu", "1",
		"-benchtime", each.String(), "github.com/gavel-rules/gavel/"+pkg)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go test: %w\n%s%s", err, out.String(), problems.String())
	}
	var lines []Figures
	for line := range strings.Lines(out.String()) {
		// BenchmarkMatch/1000   12345   6789 ns/op   301 allocs/op …
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], name) {
			continue
		}
		f := Figures{Name: strings.TrimPrefix(strings.TrimPrefix(fields[0], name), "/"), ByUnit: map[string]float64{}}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("read %q: %w", line, err)
			}
			f.ByUnit[fields[i+1]] = value
		}
		f.Nanoseconds = f.ByUnit["ns/op"]
		lines = append(lines, f)
	}
	if len(lines) == 0 {
		return nil, errors.New("go test has shown no figures")
	}
	return lines, nil
}
