package export_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/export"
)

func TestCell(t *testing.T) {
	t.Parallel()
	check := func(in, want string) {
		t.Helper()
		if got := export.Cell(in); got != want {
			t.Errorf("Cell(%q) is %q, want %q", in, got, want)
		}
	}
	check("", "")
	check("Robin", "Robin")
	check("a=b", "a=b")
	check("  ", "  ")
	check(`[1,-2]`, `[1,-2]`)
	check("Pat;=1+1", "Pat;'=1+1")
	check("Pat;x; \"@y\t-z\r+1", "Pat;x;' \"@y\t'-z\r'+1")
	for _, start := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", " ="} {
		check(start+"1+1", "'"+start+"1+1")
	}
}

// shelf is a list of events; what is young is not in sight at first.
type shelf struct {
	events []*event.Record
	asked  int
	late   func(asked int) int // how many of them are in sight
}

func (s *shelf) Events(_ context.Context, f event.EventFilter) ([]*event.Record, error) {
	s.asked++
	events := s.events
	var out []*event.Record
	for i, r := range events {
		if r.Seq > f.After && len(out) < f.Limit && (s.late == nil || i != s.late(s.asked)) {
			out = append(out, r)
		}
	}
	return out, nil
}

func shelfOf(n int, received func(i int) time.Time) *shelf {
	s := &shelf{}
	for i := range n {
		s.events = append(s.events, &event.Record{Seq: int64(i + 1), Event: &event.Event{
			Envelope: event.Envelope{ID: fmt.Sprintf("e%d", i+1), Type: event.TypeScheduled}, Received: received(i),
			Meeting: &event.Meeting{}, Change: &event.Change{}, Test: &event.Test{}, Body: []byte(`{}`),
		}})
	}
	return s
}

// TestInterrupted continues where an export was stopped: each row is there once.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	source := shelfOf(2100, func(i int) time.Time { return time.Unix(int64(i), 0) })
	name := filepath.Join(t.TempDir(), "events.csv")
	cursor, rounds := "", 0
	for ; rounds < 20; rounds++ {
		file, err := export.Open(name, "events", cursor)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		result, err := export.Events{}.Write(ctx, source, export.Options{
			To: file, Format: export.CSV, Cursor: cursor, NoHeader: !file.Empty(),
			Page: func(int, string, time.Time) error { stop(); return nil },
		})
		cursor = result.Cursor
		if err == nil {
			if err := errors.Join(file.Finish(), file.Close()); err != nil {
				t.Fatal(err)
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if err := errors.Join(file.Mark(cursor), file.Close()); err != nil {
			t.Fatal(err)
		}
		// What a crash leaves behind the last mark does not count.
		half, err := os.OpenFile(name+".part", os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := half.WriteString("half,a ro"); err != nil {
			t.Fatal(err)
		}
		if err := half.Close(); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 2101 || rounds < 3 {
		t.Fatalf("%d lines after %d interruptions, want 2,101", len(lines), rounds)
	}
	for i, line := range lines[1:] {
		if !strings.HasPrefix(line, fmt.Sprintf("e%d,", i+1)) {
			t.Fatalf("line %d is %q", i+2, line)
		}
	}
}

// TestSettle waits for rows that come into sight behind newer ones.
func TestSettle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		source := shelfOf(4, func(i int) time.Time { return now.Add(time.Duration(i-3) * time.Second) })
		source.late = func(asked int) int { // e3 is still being stored, and e4 can be seen
			if asked == 1 {
				return 2
			}
			return -1
		}
		var out bytes.Buffer
		result, err := export.Events{}.Write(t.Context(), source, export.Options{To: &out, Format: export.CSV, MinAge: 5 * time.Second})
		if err != nil || result.Rows != 4 || result.Cursor != "4" {
			t.Errorf("%+v, %v\n%s", result, err, out.String())
		}
	})
}
