package budget

import (
	"errors"
	"log/slog"
	"math"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

const (
	// usualCache is what SQLite uses at most, besides the memory that Go manages,
	// and cacheShare its part of a smaller limit.
	usualCache = 32 << 20
	cacheShare = 8
	// unlimited is far above any machine; control groups of version 1 say such a
	// number when there is no limit.
	unlimited = 1 << 60
)

// Memory is how many bytes Gavel may use; 0 if that is not limited.
type Memory int64

// LimitMemory finds out how much memory this process may use and lets the garbage
// collector keep below it. GOMEMLIMIT wins over the limit of the container.
func LimitMemory(log *slog.Logger) Memory {
	if _, given := os.LookupEnv("GOMEMLIMIT"); given {
		soft := debug.SetMemoryLimit(-1)
		if soft >= unlimited {
			return 0
		}
		m := Memory(float64(soft) / share)
		log.Info("memory limit", "source", "GOMEMLIMIT", "go_memory", soft)
		return m
	}
	limit, err := memlimit.FromCgroup()
	switch {
	case errors.Is(err, memlimit.ErrNoLimit) || err == nil && limit >= unlimited:
		return 0
	case err != nil: // there are no control groups, as on macOS
		log.Debug("memory limit of the container not known", "error", err)
		return 0
	}
	m := Memory(limit)
	debug.SetMemoryLimit(m.managed())
	log.Info("memory limit", "source", "control group", "bytes", limit, "go_memory", m.managed())
	return m
}

// share is the part of the limit that is used at most. The rest is for the
// kernel's buffers of connections, and for peaks.
const share = 0.9

// reserve is the part, and mostReserve how many bytes, that the heap may grow
// beyond its limit while the collector works.
const (
	reserve     = 16
	mostReserve = 8 << 20
)

// Small reports whether memory is so short that the collector should run more
// often than is best for throughput.
func (m Memory) Small() bool { return m > 0 && m < 256<<20 }

// managed is what of it Go may use.
func (m Memory) managed() int64 {
	return max(int64(float64(m)*share)-m.outside()-min(int64(m)/reserve, mostReserve), int64(m)/2)
}

// Cache is how much memory SQLite may use, in bytes; 0 if memory is not limited.
func (m Memory) Cache() int64 {
	if m == 0 || int64(m)/cacheShare >= usualCache {
		return 0
	}
	return int64(m) / cacheShare
}

// outside is what SQLite uses besides the memory that Go manages: its cache, and
// three times as much for rows on their way in and out.
func (m Memory) outside() int64 { return min(usualCache, 3*int64(m)/cacheShare) }

// Costs of what others can make many of, measured at the receiver.
const (
	perConnection = 256 << 10 // of memory, for one connection and its request
	perWorker     = 4 << 20   // for one action with what it sends and gets back
	largeShare    = 64
	bodyShare     = 32 // bodies may take this part, because each is copied ten times
)

// Connections is how many connections fit, at most the given number.
func (m Memory) Connections(most int) int { return m.fit(perConnection, 64, most) }

// Workers is how many actions can run at once, at most the given number.
func (m Memory) Workers(most int) int { return m.fit(perWorker, 8, most) }

// Bodies is how many bytes of bodies fit at a time: at most the given number, and
// at least two bodies.
func (m Memory) Bodies(body, most int64) int64 {
	if m == 0 {
		return most
	}
	return min(most, max(2*body, int64(m)/bodyShare))
}

// LargeBodies is how many bytes of large events runs may work on at a time; 0 if
// memory is not limited. Each action makes many copies.
func (m Memory) LargeBodies() int64 {
	return int64(m) / largeShare
}

func (m Memory) fit(each int64, least, most int) int {
	if m == 0 {
		return most
	}
	return int(min(int64(most), max(int64(least), int64(m)/each), math.MaxInt32))
}
