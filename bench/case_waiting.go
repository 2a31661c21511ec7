package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/store/postgres"
	"github.com/gavel-rules/gavel/store/sqlite"
)

// fewWaiting is what many waiting runs are compared with.
const fewWaiting = 10

// waitingPlace is one kind of database in this case.
type waitingPlace struct {
	name string
	// open opens a database by its URL, of those that make made.
	open func(ctx context.Context, url string) (store.Store, error)
	make func(ctx context.Context, name string) (url string, drop func() error, err error)
	// settle brings a database that was just filled to rest.
	settle func(ctx context.Context, url string) error
}

// runWaiting answers: what does it cost that a great many runs wait? Looks into
// the table for due runs are timed inside this process, start and memory on
// "gavel serve".
func runWaiting(ctx context.Context, b *bench) ([]*report, error) {
	r := newReport("waiting", fmt.Sprintf("%d waiting runs beside %d; claims of %d due runs, each with its commit, from one and the other in turn; starts of gavel serve in turn",
		b.waiting, fewWaiting, claimSize))
	r.Table = &table{Columns: []string{"claim p50 ms", "p99 ms", "next due p50 ms", "ready after ms", "MB"}}
	places, err := b.places(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, place := range places {
		if err := b.measureWaiting(ctx, r, place); err != nil {
			return nil, fmt.Errorf("%s: %w", place.name, err)
		}
	}
	return []*report{r}, nil
}

// places are SQLite and, if there is a server, PostgreSQL; the report notes which.
func (b *bench) places(ctx context.Context, r *report) ([]waitingPlace, error) {
	places := []waitingPlace{b.sqlitePlace()}
	switch note, err := checkServer(ctx); {
	case errors.Is(err, errNoServer):
		r.note("PostgreSQL is left out: " + err.Error())
	case err != nil:
		return nil, err
	default:
		r.note(note)
		places = append(places, postgresPlace())
	}
	return places, nil
}

func (b *bench) sqlitePlace() waitingPlace {
	return waitingPlace{
		name: "SQLite",
		make: func(_ context.Context, name string) (string, func() error, error) {
			dir, err := os.MkdirTemp(b.dir, "waiting-")
			return "sqlite:" + filepath.Join(dir, name+".db"), func() error { return os.RemoveAll(dir) }, err
		},
		open: func(ctx context.Context, url string) (store.Store, error) {
			return sqlite.Open(ctx, url[len("sqlite:"):], sqlite.Options{Exclusive: true})
		},
		settle: func(context.Context, string) error { return nil }, // closing it has done so
	}
}

func postgresPlace() waitingPlace {
	return waitingPlace{
		name: "PostgreSQL",
		make: func(ctx context.Context, _ string) (string, func() error, error) {
			db, err := createDatabase(ctx)
			if err != nil {
				return "", nil, err
			}
			return db.url, db.drop, nil
		},
		open: func(ctx context.Context, url string) (store.Store, error) {
			return postgres.Open(ctx, url, postgres.Options{})
		},
		settle: func(ctx context.Context, url string) error { return administer(ctx, url, "VACUUM ANALYZE") },
	}
}

func (b *bench) measureWaiting(ctx context.Context, r *report, place waitingPlace) (err error) {
	counts := []int{fewWaiting, b.waiting}
	urls := make([]string, len(counts))
	for i, n := range counts {
		url, drop, err := place.make(ctx, fmt.Sprintf("waiting-%d", n))
		if err != nil {
			return err
		}
		defer func() { _ = drop() }() // what stays goes with the server or the folder
		urls[i] = url
		b.say("waiting: %s: storing %d runs", place.name, n)
		if err := b.prepareWaiting(ctx, place, url, n); err != nil {
			return err
		}
	}
	b.say("waiting: %s: starting gavel serve", place.name)
	starts, err := b.measureStarts(ctx, urls)
	if err != nil {
		return err
	}
	b.say("waiting: %s: claiming", place.name)
	times, err := b.claimFrom(ctx, place, urls)
	if err != nil {
		return err
	}
	var claims, ready []float64
	for i, n := range counts {
		slices.Sort(times[i].claim)
		slices.Sort(times[i].nextDue)
		claims = append(claims, milliseconds(quantile(times[i].claim, 0.5)))
		ready = append(ready, median(starts[i].ready))
		r.addRow(fmt.Sprintf("%s, %d waiting", place.name, n), claims[i], milliseconds(quantile(times[i].claim, 0.99)),
			milliseconds(quantile(times[i].nextDue, 0.5)), ready[i], median(starts[i].memory))
	}
	r.aim(fmt.Sprintf("%s: claim with %d waiting to claim with %d", place.name, b.waiting, fewWaiting), claims[1]/claims[0], waitingClaim)
	r.note(fmt.Sprintf("%s: with %d waiting, gavel serve is ready after %s times as long as with %d", place.name, b.waiting, number(ready[1]/ready[0]), fewWaiting))
	r.aim(fmt.Sprintf("%s: MB of gavel serve with %d waiting", place.name, b.waiting), median(starts[1].memory), waitingMemory)
	return nil
}

func (b *bench) prepareWaiting(ctx context.Context, place waitingPlace, url string, runs int) error {
	store, err := place.open(ctx, url)
	if err != nil {
		return err
	}
	err = fill(ctx, store, "waiting", runs, event.StatusWaiting, time.Now().Add(farOff))
	if err := errors.Join(err, store.Close()); err != nil {
		return err
	}
	return place.settle(ctx, url)
}

func (b *bench) claimFrom(ctx context.Context, place waitingPlace, urls []string) (times []claimTimes, err error) {
	var stores []store.Store
	defer func() { err = errors.Join(err, closeAll(stores)) }()
	for _, url := range urls {
		store, err := place.open(ctx, url)
		if err != nil {
			return nil, err
		}
		stores = append(stores, store)
	}
	return measureClaims(ctx, stores, b.claims)
}

// startFigures are what starts of "gavel serve" on one database have shown.
type startFigures struct {
	ready  []float64 // milliseconds
	memory []float64 // megabytes at its highest
}

// measureStarts starts "gavel serve" on each database in turn, and looks at its
// metrics and its console, which count what is in the database.
func (b *bench) measureStarts(ctx context.Context, urls []string) ([]startFigures, error) {
	figures := make([]startFigures, len(urls))
	for n := range b.rounds + 1 {
		for i, url := range urls {
			dir, err := os.MkdirTemp(b.dir, "start-")
			if err != nil {
				return nil, fmt.Errorf("make a folder: %w", err)
			}
			f, err := b.startFleet(ctx, dir, url, "http://127.0.0.1:9", 1)
			if err != nil {
				return nil, err
			}
			memory, err := lookAround(ctx, f)
			f.stop()
			if err != nil {
				return nil, fmt.Errorf("%w\n%s", err, f.lastWords())
			}
			if n == 0 {
				continue // the first start finds nothing in the page cache
			}
			figures[i].ready = append(figures[i].ready, milliseconds(f.processes[0].ReadyAfter))
			figures[i].memory = append(figures[i].memory, megabytes(memory))
		}
	}
	return figures, nil
}

func lookAround(ctx context.Context, f *fleet) (memory int64, err error) {
	for _, path := range []string{"/metrics", "/", "/api/v1/runs"} {
		if _, err := get(ctx, "http://"+f.metrics[0]+path); err != nil {
			return 0, err
		}
	}
	_, memory, err = f.memory()
	return memory, err
}
