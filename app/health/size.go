package health

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/app/metrics"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/diskspace"
)

const (
	// sizeEach is how often the size is looked up, which takes PostgreSQL a
	// while in a large database.
	sizeEach = time.Minute
	// The disk counts as nearly full when less than a twentieth of it and less
	// than diskFew bytes are free.
	diskPart = 20
	diskFew  = 1 << 30
	// wasteMost is how many bytes may hold nothing, and wastePart which part of
	// a database, before somebody is told to compact it.
	wasteMost = 256 << 20
	wastePart = 4
)

// Size watches how much room the database takes, and how much is left.
type Size struct {
	look  func(context.Context) (event.Size, error)
	log   *slog.Logger
	local bool // the database is on this machine's disk

	mu     sync.Mutex
	newest event.Size
}

// NewSize returns a Size that asks the database with look. local says that the
// database is a file of this machine.
func NewSize(look func(context.Context) (event.Size, error), local bool, log *slog.Logger) *Size {
	return &Size{look: look, local: local, log: log}
}

// Run looks the size up every minute until ctx ends.
func (s *Size) Run(ctx context.Context) {
	ticker := time.NewTicker(sizeEach)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.Look(ctx)
		}
	}
}

// Look looks the size up once, and logs when the disk gets full. An unreachable
// database is reported elsewhere.
func (s *Size) Look(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, footingTimeout)
	defer cancel()
	now, err := s.look(limited)
	if err != nil {
		return
	}
	s.mu.Lock()
	before := s.newest
	s.newest = now
	s.mu.Unlock()
	if nearlyFull(now) && !nearlyFull(before) {
		s.log.Warn("the disk of the database is nearly full", "free", now.DiskFree, "database", now.Database, "log", now.Log)
	}
}

func nearlyFull(s event.Size) bool { return s.Disk > 0 && s.DiskFree < min(s.Disk/diskPart, diskFew) }

func (s *Size) state() event.Size {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newest
}

// warnings adds what people should know to found.
func (s *Size) warnings(found map[string]string) {
	if s == nil {
		return
	}
	now := s.state()
	if nearlyFull(now) {
		found["disk"] = fmt.Sprintf("The disk of the database is nearly full: %s of %s are free, and the database takes %s. "+
			"When it is full, events are answered with 503. Make room, or keep events for a shorter time with --keep.",
			diskspace.Words(now.DiskFree), diskspace.Words(now.Disk), diskspace.Words(now.Database+now.Log))
	}
	if now.Fixed && now.Reusable > wasteMost && now.Reusable > now.Database/wastePart {
		found["compact"] = fmt.Sprintf("%s of the %s of the database hold nothing, and a database made by version 0.1 cannot give them back to the disk by itself. "+
			"Stop Gavel once and run \"gavel compact\".", diskspace.Words(now.Reusable), diskspace.Words(now.Database))
	}
}

// Register adds the metrics.
func (s *Size) Register(m *metrics.Metrics) {
	gauge := func(name, help string, value func(event.Size) int64) {
		m.Gauge(name, help, func() float64 { return float64(value(s.state())) })
	}
	gauge("database_bytes", "Size of the database, without the write-ahead log.", func(s event.Size) int64 { return s.Database })
	if !s.local {
		return // the rest belongs to the database server
	}
	gauge("database_wal_bytes", "Size of the write-ahead log of the SQLite database.", func(s event.Size) int64 { return s.Log })
	gauge("database_free_bytes", "Part of the SQLite database that holds nothing and is reused.", func(s event.Size) int64 { return s.Reusable })
	gauge("disk_free_bytes", "Free space on the disk of the SQLite database.", func(s event.Size) int64 { return s.DiskFree })
}
