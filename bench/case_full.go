package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gavel-rules/gavel/bench/traffic"
)

// runFull answers: what does an event cost when a great many are stored
// already, compared with an empty database, and while backups of them are made?
// The full database stays for all
// rounds and grows a little with each; events come from the same seeds, so they
// are new to it.
func runFull(ctx context.Context, b *bench) ([]*report, error) {
	place := b.sqlitePlace()
	url, drop, err := place.make(ctx, "full")
	if err != nil {
		return nil, err
	}
	defer func() { _ = drop() }() // what stays goes with the folder
	b.say("full: storing %d events and runs", b.stored)
	if err := b.fillLists(ctx, place, url, bulk{uuids: true}); err != nil {
		return nil, err
	}
	filled := func(context.Context, string) (string, func() error, error) {
		return url, func() error { return nil }, nil
	}
	empty, full := b.sqliteContender(), b.gavelContender(fmt.Sprintf("with %d events and runs", b.stored), filled, 1)
	empty.name = "empty database"
	if err := twin(url, url+twinSuffix); err != nil {
		return nil, err
	}
	// It gets the same events, so it needs a database of its own.
	copying := &copier{}
	backed := b.gavelContender("during backups", func(context.Context, string) (string, func() error, error) {
		return url + twinSuffix, func() error { return nil }, nil
	}, 1)
	r, err := b.compare(ctx, "full",
		fmt.Sprintf("%d signed events of 1.4 kB per round over %d connections, closed loop; every %dth starts one http action; SQLite, empty, with %d events and as many runs stored, and with a backup of them being made all the time",
			b.events, b.connections, traffic.SomeActions, b.stored),
		workload{events: b.events, actionEach: traffic.SomeActions}, empty, full, copying.contender(backed))
	if err != nil {
		return nil, err
	}
	r.aim("CPU of the full database to the empty one", r.Ratios[0].CPU, fullCPU)
	without, with := r.Contenders[1], r.Contenders[2]
	r.aim("accepted/s during a backup to without, median of the rounds", with.to(without, measured.speed), backupSpeed)
	p99 := func(m measured) float64 { return m.P99 }
	r.note(fmt.Sprintf("p99 of the answer during a backup to without: %.2f; %d backups of %.0f MB were made, one after the other", with.to(without, p99), copying.made.Load(), megabytes(copying.bytes.Load())))
	if copying.made.Load() == 0 {
		r.note("no backup was complete before the events were")
	}
	return []*report{r}, nil
}

const twinSuffix = "-twin"

// twin copies a database that nobody has open.
func twin(from, to string) error {
	in, err := os.Open(strings.TrimPrefix(from, "sqlite:"))
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(strings.TrimPrefix(to, "sqlite:"))
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// copier makes backups over the API, one after the other, while events come.
type copier struct {
	made, bytes atomic.Int64 // complete ones, and the size of the last
}

// contender is another one, backed up.
func (c *copier) contender(of contender) contender {
	out := of
	out.start = func(ctx context.Context, round int, sinkURL string) (*fleet, error) {
		f, err := of.start(ctx, round, sinkURL)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithCancel(ctx)
		var copying sync.WaitGroup
		copying.Go(func() {
			for ctx.Err() == nil {
				c.copy(ctx, "http://"+f.metrics[0]+"/api/v1/backups")
			}
		})
		clean := f.before
		f.before = func() {
			cancel()
			copying.Wait()
			if clean != nil {
				clean()
			}
		}
		return f, nil
	}
	return out
}

func (c *copier) copy(ctx context.Context, address string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, nil)
	if err != nil {
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return // the round is over
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if err == nil && res.StatusCode == http.StatusOK {
		c.made.Add(1)
		c.bytes.Store(n)
	}
}
