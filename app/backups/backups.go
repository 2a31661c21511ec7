package backups

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/app/metrics"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/diskspace"
	"github.com/gavel-rules/gavel/vault/copies"
)

const (
	// Default values of Every and Keep.
	DefaultEvery = 24 * time.Hour
	DefaultKeep  = 7
	// retryMost is how long to wait after a failure, unless backups are more
	// frequent than that.
	retryMost = 10 * time.Minute
	// overdue is how many intervals may pass without a backup before somebody is
	// told.
	overdue = 2
)

// Options say how backups are made.
type Options struct {
	Folder *copies.Folder
	Every  time.Duration // above 0
	Keep   int           // how many are kept, above 0
	// KeyFile holds the keys that encrypt backups, and is read for each; if
	// empty, they are not encrypted.
	KeyFile string
	// Make makes a checked copy in the folder. It is called once at a time.
	Make func(context.Context, *copies.Keys) (copies.Copy, event.Counts, error)
	Now  func() time.Time
	Log  *slog.Logger
}

// Backups makes backups on time. Nil makes none.
type Backups struct {
	Options

	mu       sync.Mutex
	last     copies.Copy // the newest
	kept     int
	took     time.Duration
	failures int
	problem  string // of the newest try; empty when it succeeded
}

// New returns Backups that make nothing before Run. The key file must be
// readable; the folder may be missing for now.
func New(o Options) (*Backups, error) {
	if _, err := copies.ReadKeys(o.KeyFile); err != nil {
		return nil, err
	}
	b := &Backups{Options: o}
	b.look()
	return b, nil
}

// look lists the folder.
func (b *Backups) look() {
	all, err := b.Folder.Copies(b.Now())
	if err != nil || len(all) == 0 {
		return // the next backup reports an error
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = len(all)
	if !all[0].Time.After(b.Now()) {
		b.last = all[0]
	}
}

// Run makes backups until ctx ends. The next one is due an interval after the
// newest in the folder, whoever made it.
func (b *Backups) Run(ctx context.Context) {
	defer func() { _ = b.Folder.Release() }() // the end of the process does it too
	for {
		if b.due() <= 0 || !b.Folder.Held() {
			b.try(ctx)
		}
		wait := max(b.due(), time.Second)
		if b.State().Problem != "" {
			wait = min(b.Every, retryMost)
		}
		timer := time.NewTimer(min(wait, time.Hour)) // the clock may be changed meanwhile
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// due returns how long it is until the next backup.
func (b *Backups) due() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last.Path == "" {
		return 0
	}
	return b.last.Time.Add(b.Every).Sub(b.Now())
}

// try makes a backup if one is due, and removes those that are too many.
func (b *Backups) try(ctx context.Context) {
	began := time.Now()
	made, counts, err := b.once(ctx)
	if ctx.Err() != nil {
		return
	}
	b.mu.Lock()
	b.problem = ""
	if err != nil {
		b.failures++
		b.problem = err.Error()
	}
	b.mu.Unlock()
	if err != nil {
		b.Log.Error("backup failed", "error", err, "retry_after", min(b.Every, retryMost))
		return
	}
	if made.Path == "" {
		return // none is due yet
	}
	gone, err := b.Folder.Thin(b.Now(), b.Keep, made.Path)
	if err != nil {
		b.Log.Warn("old backups cannot be removed", "error", err)
	}
	b.mu.Lock()
	b.last, b.took = made, time.Since(began)
	b.mu.Unlock()
	b.look()
	b.Log.Info("backup made", "file", made.Path, "bytes", made.Bytes, "events", counts.Events, "took", time.Since(began).Round(time.Millisecond), "removed", len(gone))
}

func (b *Backups) once(ctx context.Context) (made copies.Copy, counts event.Counts, err error) {
	if !b.Folder.Held() {
		if err := b.Folder.Hold(); err != nil {
			return made, counts, err
		}
		b.look() // another process may have made some until now
		if b.due() > 0 {
			return made, counts, nil
		}
	}
	keys, err := copies.ReadKeys(b.KeyFile)
	if err != nil {
		return made, counts, err
	}
	return b.Make(ctx, keys)
}

// State returns what people should know; nil if no backups are made.
func (b *Backups) State() *api.Backups {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return &api.Backups{
		Folder: b.Folder.Path, Every: b.Every.Seconds(), Last: b.last.Time, Bytes: b.last.Bytes, Kept: b.kept,
		Failures: b.failures, Problem: b.problem,
	}
}

// Warning describes the problem; empty when there is none.
func (b *Backups) Warning() string {
	if b == nil {
		return ""
	}
	s := b.State()
	last := "There is no backup"
	if !s.Last.IsZero() {
		last = fmt.Sprintf("The last backup is of %s (%s)", s.Last.UTC().Format("2006-01-02 15:04 UTC"), diskspace.Words(s.Bytes))
	}
	switch {
	case s.Problem != "":
		return "Cannot make a backup: " + s.Problem + ". " + last + "."
	case !s.Last.IsZero() && b.Now().Sub(s.Last) > overdue*b.Every:
		return last + ", although one is due every " + b.Every.String() + "."
	}
	return ""
}

// Register adds the metrics; none if no backups are made.
func (b *Backups) Register(m *metrics.Metrics) {
	if b == nil {
		return
	}
	gauge := func(name, help string, value func(*api.Backups) float64) {
		m.Gauge(name, help, func() float64 { return value(b.State()) })
	}
	gauge("backup_last_success_timestamp_seconds", "The moment that the newest backup shows; 0 if there is none.", func(s *api.Backups) float64 {
		if s.Last.IsZero() {
			return 0
		}
		return float64(s.Last.Unix())
	})
	gauge("backup_interval_seconds", "How often a backup is due.", func(s *api.Backups) float64 { return s.Every })
	gauge("backup_size_bytes", "Size of the newest backup.", func(s *api.Backups) float64 { return float64(s.Bytes) })
	gauge("backups", "Complete backups in the folder.", func(s *api.Backups) float64 { return float64(s.Kept) })
	m.Gauge("backup_duration_seconds", "How long the newest backup took; 0 before the first of this process.", func() float64 {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.took.Seconds()
	})
	m.Counter("backup_failures_total", "Backups that failed.", func() float64 { return float64(b.State().Failures) })
}
