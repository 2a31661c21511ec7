package health

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
)

// TestSizeWarns: a disk that gets full, and a database that should be
// compacted.
func TestSizeWarns(t *testing.T) {
	t.Parallel()
	var (
		size event.Size
		err  error
		log  bytes.Buffer
	)
	s := NewSize(func(context.Context) (event.Size, error) { return size, err }, true, slog.New(slog.NewTextHandler(&log, nil)))
	check := func(now event.Size, key, want string) {
		t.Helper()
		size = now
		s.Look(t.Context())
		found := map[string]string{}
		s.warnings(found)
		if want == "" && len(found) > 0 || !strings.Contains(found[key], want) {
			t.Errorf("%+v: %v, want %q", now, found, want)
		}
	}
	const giga = 1 << 30
	check(event.Size{}, "disk", "")
	check(event.Size{Database: giga, DiskFree: 2 * giga, Disk: 1000 * giga}, "disk", "")
	check(event.Size{Database: giga, DiskFree: giga, Disk: 10 * giga}, "disk", "")
	check(event.Size{Database: giga, Log: giga, DiskFree: giga / 4, Disk: 10 * giga}, "disk", "268 MB of 11 GB are free, and the database takes 2.1 GB")
	err = errors.New("away")
	check(event.Size{}, "disk", "268 MB of 11 GB")
	err = nil
	check(event.Size{Database: 2 * giga, Reusable: giga}, "compact", "")
	check(event.Size{Database: 8 * giga, Reusable: giga, Fixed: true}, "compact", "")
	check(event.Size{Database: 2 * giga, Reusable: giga, Fixed: true}, "compact", `run "gavel compact"`)
	if n := strings.Count(log.String(), "nearly full"); n != 1 {
		t.Errorf("logged %d times: %s", n, log.String())
	}
}
