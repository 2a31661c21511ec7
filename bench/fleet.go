package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/bench/process"
)

// fleet is one contender: the processes that share its work.
type fleet struct {
	processes []*process.Process
	addresses []string // where each process takes events
	metrics   []string // where each process tells of itself; empty for none
	watch     watch    // opens the backlog; nil when there is none
	backlog   *backlog // once it is open
	after     func()   // called when all have stopped; may be nil
}

// stop ends all processes.
func (f *fleet) stop() {
	if f.backlog != nil {
		_ = f.backlog.Close() // it was only read
	}
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

// ready returns how long the slowest start took.
func (f *fleet) ready() time.Duration {
	var longest time.Duration
	for _, p := range f.processes {
		longest = max(longest, p.ReadyAfter)
	}
	return longest
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
