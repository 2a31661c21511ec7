// Package tails reads live tails of the console and counts what comes over
// them.
package tails

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/gavel-rules/gavel/bench/process"
)

// Role is this program as the readers of live tails: a process of its own, so
// that what reading costs can be seen.
const Role = "read-tails"

// OfEach is how many live tails of each kind are open.
const OfEach = 5

const (
	pageTail = "/live/events"
	apiTail  = "/api/v1/live/events"
)

// Seen is what came over all tails of a round.
type Seen struct {
	CPU   float64 `json:"cpu_ms"` // of the reading, warm-up included
	Pages Tail    `json:"pages"`
	API   Tail    `json:"api"`
}

// Tail is what came over the tails of one kind.
type Tail struct {
	Shown int   `json:"shown"`
	More  int   `json:"more"` // told as left out
	Bytes int64 `json:"bytes"`
}

// Read reads what the readers have printed.
func Read(p *process.Process) (*Seen, error) {
	data, err := os.ReadFile(p.Log)
	if err != nil {
		return nil, fmt.Errorf("read what the readers saw: %w", err)
	}
	var seen Seen
	if err := json.Unmarshal(data, &seen); err != nil {
		return nil, fmt.Errorf("read what the readers saw: %w", err)
	}
	return &seen, nil
}

// Serve opens the tails of the console, answers at address once all are
// open, and reads until they end, which they do with Gavel. It keeps what it
// reads and looks at it only then.
func Serve(ctx context.Context, address, console string, out io.Writer) error {
	tails := make([]*tailReader, 0, 2*OfEach)
	for _, path := range []string{pageTail, apiTail} {
		for range OfEach {
			t, err := openTail(ctx, "http://"+console+path)
			if err != nil {
				return err
			}
			defer t.body.Close()
			t.page = path == pageTail
			tails = append(tails, t)
		}
	}
	var reading sync.WaitGroup
	for _, t := range tails {
		reading.Go(t.read)
	}
	server := &http.Server{Addr: address, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), ReadHeaderTimeout: time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	reading.Wait()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return fmt.Errorf("read processor time: %w", err)
	}
	seen := Seen{CPU: float64(used.Utime.Nano()+used.Stime.Nano()) / float64(time.Millisecond)}
	for _, t := range tails {
		kind := &seen.API
		if t.page {
			kind = &seen.Pages
		}
		if err := t.count(kind); err != nil {
			return err
		}
	}
	return json.NewEncoder(out).Encode(seen)
}

// tailReader is one open tail.
type tailReader struct {
	body io.ReadCloser
	page bool
	text bytes.Buffer
}

// openTail returns once the tail has said its first word. It outlives ctx: it
// is read until the other side ends it.
func openTail(ctx context.Context, url string) (*tailReader, error) {
	req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("open a tail: %w", err)
	}
	t := &tailReader{body: res.Body}
	if _, err := io.CopyN(&t.text, res.Body, 1); err != nil || res.StatusCode != http.StatusOK {
		res.Body.Close()
		return nil, fmt.Errorf("open tail %s: status %d, %w", url, res.StatusCode, err)
	}
	return t, nil
}

// read ends when the tail does; in what way does not matter.
func (t *tailReader) read() { _, _ = io.Copy(&t.text, t.body) }

// count adds what came over the tail.
func (t *tailReader) count(to *Tail) error {
	to.Bytes += int64(t.text.Len())
	name := ""
	for line := range bytes.Lines(t.text.Bytes()) {
		field, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(": "))
		switch {
		case string(field) == "event":
			name = string(value)
		case string(field) == "data" && name == "event":
			to.Shown++
		case string(field) == "data" && name == "rows":
			to.Shown += bytes.Count(value, []byte("<tr"))
		case string(field) == "data" && name == "missed":
			n, err := strconv.Atoi(string(value))
			if err != nil {
				return fmt.Errorf("a tail misses %q events: %w", value, err)
			}
			to.More += n
		}
	}
	return nil
}
