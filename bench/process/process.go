// Package process starts the programs that are measured, and measures them from
// outside.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// Process is a program that runs.
type Process struct {
	cmd *exec.Cmd
	// Log is the file that takes its output, without a detour through here.
	Log    string
	exited chan struct{}

	// ReadyAfter is how long its start took.
	ReadyAfter time.Duration
}

// Program is what Start starts.
type Program struct {
	Name     string
	Args     []string
	Env      []string // added to the environment
	ReadyURL string   // answers 200 when the program is ready
	Log      string   // file for its output
}

// Start starts a program and waits until it is ready.
func Start(ctx context.Context, g Program) (*Process, error) {
	p := &Process{cmd: exec.Command(g.Name, g.Args...), Log: g.Log, exited: make(chan struct{})}
	out, err := os.Create(g.Log)
	if err != nil {
		return nil, fmt.Errorf("make a log: %w", err)
	}
	defer out.Close()
	p.cmd.Env = append(os.Environ(), g.Env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", g.Name, err)
	}
	go func() {
		defer close(p.exited)
		// ProcessState tells what there is to tell.
		_ = p.cmd.Wait()
	}()
	if err := p.waitReady(ctx, g.ReadyURL); err != nil {
		p.Stop()
		return nil, fmt.Errorf("start %s: %w\n%s", g.Name, err, p.LastWords())
	}
	p.ReadyAfter = time.Since(began)
	return p, nil
}

// readyPoll is how closely it is known when a process is ready.
const readyPoll = 2 * time.Millisecond

func (p *Process) waitReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 20*time.Second, errors.New("it did not get ready"))
	defer cancel()
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-p.exited:
			return errors.New("it has ended")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Stop ends the process in good order, or by force after a while.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(15 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// CPU returns the processor time that the process has used so far, in user
// and kernel mode. The kernel counts in steps of 10 ms.
func (p *Process) CPU() (time.Duration, error) {
	used, _, err := readStat(strconv.Itoa(p.cmd.Process.Pid))
	return used.own, err
}

// Memory returns the resident memory now and at its highest, in bytes.
func (p *Process) Memory() (now, peak int64, err error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, 0, fmt.Errorf("read memory (needs Linux): %w", err)
	}
	for line := range bytes.Lines(data) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		var into *int64
		switch string(name) {
		case "VmRSS":
			into = &now
		case "VmHWM":
			into = &peak
		default:
			continue
		}
		kilobytes, err := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(value), []byte(" kB"))), 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("read memory: %w", err)
		}
		*into = kilobytes << 10
	}
	return now, peak, nil
}

// LastWords returns the end of the process's output.
func (p *Process) LastWords() string {
	const longest = 4 << 10
	data, err := os.ReadFile(p.Log)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-longest):])
}
