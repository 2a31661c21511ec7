package sample_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
)

var update = flag.Bool("update", false, "write the sample files anew")

func noon() time.Time { return time.Date(2026, 3, 9, 12, 0, 0, 250e6, time.UTC) }

// TestFiles keeps testdata in step with Body: they are what a reader
// looks at to see what comes.
func TestFiles(t *testing.T) {
	t.Parallel()
	for _, eventType := range append(event.Types(), "scheduling.smartscheduler.reassigned") {
		t.Run(eventType, func(t *testing.T) {
			t.Parallel()
			got, err := sample.Body(eventType, "evt-0001", noon())
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			file := filepath.Join("testdata", eventType+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s is out of date, run with -update (-file +now):\n%s", file, diff)
			}
			ev, err := decode.Event(got)
			if err != nil {
				t.Fatal(err)
			}
			if ev.ID != "evt-0001" || ev.Type != eventType || !ev.Timestamp.Equal(noon()) {
				t.Errorf("envelope is %+v", ev.Envelope)
			}
		})
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	body, err := sample.Body(event.TypeScheduled, "evt-0001", noon())
	if err != nil {
		t.Fatal(err)
	}
	if len(body) < 1300 || len(body) > 1700 {
		t.Errorf("a scheduled event is %d bytes; benchmarks expect about 1,400", len(body))
	}
	other, err := sample.Body(event.TypeScheduled, "evt-0002", noon())
	if err != nil {
		t.Fatal(err)
	}
	if a, b := decoded(t, body), decoded(t, other); a.Meeting.ID == b.Meeting.ID {
		t.Error("two events share a meeting")
	}
}

// TestMoments: a meeting lies ahead, and moves when it is rescheduled.
func TestMoments(t *testing.T) {
	t.Parallel()
	at := func(eventType string) *event.Meeting {
		body, err := sample.Body(eventType, "evt", noon().Add(20*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		return decoded(t, body).Meeting
	}
	booked, moved, canceled := at(event.TypeScheduled), at(event.TypeRescheduled), at(event.TypeCanceled)
	if want := time.Date(2026, 3, 11, 13, 0, 0, 0, time.UTC); !booked.Start.Equal(want) || booked.End.Sub(booked.Start) != 30*time.Minute {
		t.Errorf("from %s to %s, want from %s", booked.Start, booked.End, want)
	}
	if moved.Start.Sub(booked.Start) != 24*time.Hour || moved.ID != booked.ID || moved.IsCanceled || booked.IsCanceled || !canceled.IsCanceled {
		t.Errorf("%+v, %+v, %+v", booked, moved, canceled)
	}
	if _, err := sample.Body(event.TypeScheduled, "evt", noon().AddDate(8000, 0, 0)); err == nil {
		t.Error("a year that JSON cannot write was written")
	}
}

func decoded(t *testing.T, body []byte) *event.Event {
	t.Helper()
	ev, err := decode.Event(body)
	if err != nil {
		t.Fatal(err)
	}
	return ev
}
