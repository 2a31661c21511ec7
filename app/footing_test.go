package app

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gavel-rules/gavel/event"
)

func TestFooting(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	now := event.Footing{}
	f := &footing{
		look: func(context.Context) (event.Footing, error) { return now, nil },
		log:  slog.New(slog.NewTextHandler(&log, nil)),
	}
	registry := prometheus.NewRegistry()
	f.register(registry)
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
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if got := families[0].GetMetric()[0].GetGauge().GetValue(); families[0].GetName() != "gavel_database_clock_ahead_seconds" || got != -60 {
		t.Errorf("%s is %v, want -60", families[0].GetName(), got)
	}
	now = event.Footing{Unsafe: []string{"fsync = off"}}
	check("", "fsync = off", "acknowledged events are not safe")
	now = event.Footing{}
	check("", "", "")
}
