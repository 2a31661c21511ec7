package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/bench/process"
	"github.com/gavel-rules/gavel/bench/traffic"
)

// fleet is one contender: the processes that share its work.
type fleet struct {
	processes []*process.Process
	addresses []string // where each process takes events
	metrics   []string // where each process tells of itself; empty for none
	after     func()   // called when all have stopped; may be nil
}

// stop ends all processes.
func (f *fleet) stop() {
	for _, p := range f.processes {
		p.Stop()
	}
	if f.after != nil {
		f.after()
	}
}

// cpu returns the processor time that all processes have used so far.
func (f *fleet) cpu() (time.Duration, error) {
	var sum time.Duration
	for _, p := range f.processes {
		used, err := p.CPU()
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// memory returns the resident memory of all processes now, and the sum of
// what each of them had at its highest.
func (f *fleet) memory() (now, peak int64, err error) {
	for _, p := range f.processes {
		n, high, err := p.Memory()
		if err != nil {
			return 0, 0, err
		}
		now, peak = now+n, peak+high
	}
	return now, peak, nil
}

func (f *fleet) lastWords() string {
	var words []string
	for _, p := range f.processes {
		words = append(words, p.LastWords())
	}
	return strings.Join(words, "\n")
}

// finishPoll is how closely the end of the last run is known.
const finishPoll = 5 * time.Millisecond

// awaitFinished waits until n runs have ended since the processes started.
// Runs that do not end are counted by their actions, not an error here.
func (f *fleet) awaitFinished(ctx context.Context, n int, patience time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, traffic.ErrLate)
	defer cancel()
	tick := time.NewTicker(finishPoll)
	defer tick.Stop()
	for {
		ended := 0
		for _, address := range f.metrics {
			runs, err := endedRuns(ctx, address)
			if err != nil {
				return err
			}
			ended += runs
		}
		if ended >= n {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			if cause := context.Cause(ctx); !errors.Is(cause, traffic.ErrLate) {
				return cause
			}
			return nil
		}
	}
}

// endedRuns reads how many runs one process has brought to their end.
func endedRuns(ctx context.Context, address string) (int, error) {
	body, err := get(ctx, "http://"+address+"/metrics")
	if err != nil {
		return 0, err
	}
	ended := 0
	lines := bufio.NewScanner(strings.NewReader(body))
	for lines.Scan() {
		series, value, _ := strings.Cut(lines.Text(), "} ")
		if !strings.HasPrefix(series, "gavel_runs_total{") {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("read metrics: %w", err)
		}
		ended += int(n)
	}
	return ended, lines.Err()
}

// get returns the body of an answer with status 200.
func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("GET %s: status %d", url, res.StatusCode)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", fmt.Errorf("GET %s: %w", url, err)
	}
	return string(body), nil
}
