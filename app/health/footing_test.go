package health

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/gavel-rules/gavel/app/metrics"
	"github.com/gavel-rules/gavel/event"
)

func TestFooting(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	now := event.Footing{}
	f := NewFooting(func(context.Context) (event.Footing, error) { return now, nil }, slog.New(slog.NewTextHandler(&log, nil)))
	registry := metrics.New("")
	f.Register(registry)
	check := func(clock, unsafe, said string) {
		t.Helper()
		log.Reset()
		f.refresh(t.Context())
		found := map[string]string{}
		f.warnings(found)
		if !strings.Contains(found["clock"], clock) || (clock == "") != (found["clock"] == "") {
			t.Errorf("clock: %q, want %q", found["clock"], clock)
		}
		if !strings.Contains(found["database-1"], unsafe) || (unsafe == "") != (found["database-1"] == "") {
			t.Errorf("settings: %q, want %q", found["database-1"], unsafe)
		}
		if !strings.Contains(log.String(), said) || (said == "") != (log.Len() == 0) {
			t.Errorf("the log says %q, want %q", log.String(), said)
		}
	}
	check("", "", "")
	now.ClockAhead = time.Second
	check("", "", "")
	now.ClockAhead = -time.Minute
	check("1m0s behind that of the database", "", "clocks differ")
	check("1m0s behind", "", "") // once is enough
	const want = `
# HELP gavel_database_clock_ahead_seconds How far this machine's clock is ahead of the database's; negative when it is behind.
# TYPE gavel_database_clock_ahead_seconds gauge
gavel_database_clock_ahead_seconds -60
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "gavel_database_clock_ahead_seconds"); err != nil {
		t.Error(err)
	}
	now = event.Footing{Unsafe: []string{"fsync = off"}}
	check("", "fsync = off", "acknowledged events may be lost")
	now = event.Footing{}
	check("", "", "")
}
