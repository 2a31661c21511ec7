package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// runLists answers: with a million events and runs stored, how much longer
// than reading one event does the first page of each list, and of each filter,
// take? And how long when all runs have failed, or all wait?
func runLists(ctx context.Context, b *bench) ([]*report, error) {
	r := newReport("lists", fmt.Sprintf("%d events and as many runs stored; each list asked for %d times over HTTP, all in turn; times to the last byte; where all wait, a pause holds a fifth",
		b.stored, b.looks))
	r.Table = &table{Columns: []string{"p50 ms", "p99 ms", "p99 to the point read's"}}
	places, err := b.places(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, place := range places {
		if err := b.measureLists(ctx, r, place); err != nil {
			return nil, fmt.Errorf("%s: %w", place.name, err)
		}
	}
	return []*report{r}, nil
}

func (b *bench) measureLists(ctx context.Context, r *report, place waitingPlace) error {
	url, drop, err := place.make(ctx, "lists")
	if err != nil {
		return err
	}
	defer func() { _ = drop() }() // what stays goes with the server or the folder
	b.say("lists: %s: storing %d events and runs", place.name, b.stored)
	if err := b.fillLists(ctx, place, url, bulk{}); err != nil {
		return err
	}
	b.say("lists: %s: exporting", place.name)
	if err := b.measureExports(ctx, r, place.name, url); err != nil {
		return err
	}
	if err := b.look(ctx, r, url, place.name, append(lookups(b.stored), overviews(b.stored, true)...)); err != nil {
		return err
	}
	for _, status := range []event.Status{event.StatusFailed, event.StatusWaiting} {
		b.say("lists: %s: all runs become %s", place.name, status)
		if err := b.setAll(ctx, place, url, status); err != nil {
			return err
		}
		if err := b.look(ctx, r, url, place.name+", all "+string(status), sameState(b.stored, status)); err != nil {
			return err
		}
	}
	return nil
}

// measureExports writes all events as files, to nowhere.
func (b *bench) measureExports(ctx context.Context, r *report, place, url string) error {
	for _, format := range []string{"csv", "ndjson"} {
		cmd := exec.CommandContext(ctx, b.gavel, "events", "export", "--database", url, "--format", format)
		var problem strings.Builder
		cmd.Stderr = &problem
		began := time.Now()
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("export: %w\n%s", err, problem.String())
		}
		r.aim(place+": events/s exported as "+format, float64(b.stored)/time.Since(began).Seconds(), exportSpeed)
	}
	return nil
}

// look asks a Gavel on the database for each list in turn.
func (b *bench) look(ctx context.Context, r *report, url, name string, list []lookup) error {
	dir, err := os.MkdirTemp(b.dir, "lists-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	f, err := b.startFleetWith(ctx, dir, url, listRules(), 1)
	if err != nil {
		return err
	}
	defer f.stop()
	b.say("lists: %s: looking", name)
	times := make([][]time.Duration, len(list))
	for n := range b.looks + 2 {
		for i, l := range list {
			path := l.path
			if l.fresh {
				path += fmt.Sprint(n + 1)
			}
			took, err := ask(ctx, "http://"+f.metrics[0]+path, l.status)
			if err != nil {
				return fmt.Errorf("%s: %w\n%s", l.name, err, f.lastWords())
			}
			if n >= 2 { // the first find nothing in the page cache
				times[i] = append(times[i], took)
			}
		}
	}
	b.addLists(r, name, list, times)
	return nil
}

// addLists adds the rows of one database, and the worst of them as what is
// aimed at.
func (b *bench) addLists(r *report, place string, list []lookup, times [][]time.Duration) {
	base, worst, slowest, page := 0.0, 0.0, 0.0, 0.0
	for i, l := range list {
		slices.Sort(times[i])
		p99 := milliseconds(quantile(times[i], 0.99))
		if l.name == pointRead {
			base = p99
		}
		r.addRow(place+", "+l.name, milliseconds(quantile(times[i], 0.5)), p99, p99/base)
		if !l.fresh { // a report is no list
			worst = max(worst, p99/base)
		}
		if strings.HasPrefix(l.name, "page: ") {
			page = max(page, p99)
		} else {
			slowest = max(slowest, p99)
		}
	}
	r.aim(place+": the slowest list's p99 to that of a point read", worst, listsRatio)
	r.aim(place+": ms of the slowest list, p99", slowest, listsP99)
	r.aim(place+": ms of the slowest page, p99", page, pagesP99)
}

// ask returns how long an answer took to its last byte.
func ask(ctx context.Context, url string, status int) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	n, err := drainBody(res)
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	if status == 0 {
		status = http.StatusOK
	}
	if res.StatusCode != status || n == 0 {
		return 0, fmt.Errorf("GET %s: %s with %d bytes, want %d", url, res.Status, n, status)
	}
	return took, nil
}

func drainBody(res *http.Response) (int64, error) {
	defer res.Body.Close()
	return io.Copy(io.Discard, res.Body)
}
