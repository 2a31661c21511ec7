package space

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/diskspace"
)

const (
	// While a copy is made, the log cannot begin anew and grows with what is
	// stored meanwhile: logMost bytes and the size of the database, at most.
	logMost = 1 << 30
	// A copy leaves reserve bytes of the disk, or a twentieth of a small one, to
	// new events.
	reserve     = 64 << 20
	reservePart = 20
	lookEvery   = 100 * time.Millisecond
)

func reserved(disk int64) int64 { return min(reserve, disk/reservePart) }

// Enough returns an error if a copy of so many bytes would fill the disk that
// it goes to.
func Enough(bytes int64, to string) error {
	free, disk := diskspace.Of(to)
	if need := bytes + reserved(disk); disk > 0 && free < need {
		return fmt.Errorf("%w: the copy needs %s on the disk of %q, which has %s free; make room, or name another folder",
			event.ErrUnavailable, diskspace.Words(need), to, diskspace.Words(free))
	}
	return nil
}

// Content returns how many bytes a copy will have, about.
func (l *Layout) Content() int64 { return (l.Pages - l.Free) * l.PageSize }

// Bounded returns a context for making a copy of a file. It ends, with a cause
// in words, before that keeps new events from being stored. done must be called
// afterwards.
func (l *Layout) Bounded(ctx context.Context, file string) (bounded context.Context, done func()) {
	most := logMost + l.Pages*l.PageSize
	bounded, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			select {
			case <-bounded.Done():
				return
			case <-tick.C:
				if err := tooMuch(file, most); err != nil {
					cancel(err)
				}
			}
		}
	}()
	return bounded, func() {
		cancel(nil)
		<-ended
	}
}

func tooMuch(file string, most int64) error {
	if info, err := os.Stat(file + "-wal"); err == nil && info.Size() > most {
		return fmt.Errorf("%w: the copy took so long that the write-ahead log has grown to %s; it was given up so that the disk does not fill", event.ErrUnavailable, diskspace.Words(info.Size()))
	}
	if free, disk := diskspace.Of(file); disk > 0 && free < reserved(disk)/2 {
		return fmt.Errorf("%w: the disk of the database has only %s left; the copy was given up so that events can be stored", event.ErrUnavailable, diskspace.Words(free))
	}
	return nil
}
