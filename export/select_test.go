package export_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/export"
)

// ids exports as CSV and returns the first column.
func ids(t *testing.T, e export.Events, s *shelf, o export.Options) (string, export.Result) {
	t.Helper()
	var out bytes.Buffer
	o.To, o.Format = &out, export.CSV
	result, err := e.Write(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, row := range rows {
		list = append(list, row[0])
	}
	return strings.Join(list, " "), result
}

func TestSelection(t *testing.T) {
	t.Parallel()
	s := shelfOf(6, func(i int) time.Time { return time.Unix(int64(i), 0) })
	s.events[0].Runs = 1
	s.events[1].Late = true
	s.events[2].Deliveries = 2
	s.events[3].Deliveries = 1
	s.events[3].Event.Meeting.Owner = event.Person{FirstName: "Olga", LastName: "Ode", Username: "boss@acme.example"}
	for want, e := range map[string]export.Events{
		"event_id e1 e2 e3 e4 e5 e6": {}, "event_id e1": {Outcome: "matched"}, "event_id e2 e3 e4 e5 e6": {Outcome: "unmatched"}, "event_id e2": {Outcome: "late"}, "event_id e3": {Outcome: "repeated"},
		"event_id e4": {Owner: "OLGA o"}, "event_id": {Owner: "olga", Outcome: "late"},
	} {
		got, result := ids(t, e, s, export.Options{})
		if n := len(strings.Fields(want)) - 1; got != want || result.Rows != n || result.Cursor != "6" {
			t.Errorf("%+v: %q, %+v", e, got, result)
		}
	}
	if got, _ := ids(t, export.Events{Owner: "boss@ACME"}, s, export.Options{}); got != "event_id e4" {
		t.Errorf("by address: %q", got)
	}
	if got, result := ids(t, export.Events{}, s, export.Options{Cursor: "4", NoHeader: true}); got != "e5 e6" || result.Rows != 2 {
		t.Errorf("continued: %q, %+v", got, result)
	}
	if got, result := ids(t, export.Events{}, s, export.Options{Cursor: "6"}); got != "event_id" || result.Cursor != "6" {
		t.Errorf("continued at the end: %q, %+v", got, result)
	}
	for _, cursor := range []string{"0", "-1", "x", "1.5"} {
		if _, err := (export.Events{}).Write(t.Context(), s, export.Options{To: &bytes.Buffer{}, Format: export.CSV, Cursor: cursor}); !errors.Is(err, event.ErrInvalid) {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

// runs is a list of runs.
type runs []*event.Run

func (l runs) Runs(_ context.Context, f event.RunFilter) ([]*event.Run, error) {
	var out []*event.Run
	for _, r := range l {
		if f.OldestFirst && f.Results && r.ID > f.After && len(out) < f.Limit {
			out = append(out, r)
		}
	}
	return out, nil
}

// TestRuns writes what the columns are called, and the same as JSON.
func TestRuns(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 5, time.UTC)
	list := runs{
		{
			ID: "r1", EventID: "e1", EventType: "t", MeetingID: "m", Rule: "=rule", Revision: "v", Shadow: true, Follow: true, Status: event.StatusFailed, Reason: "why", Created: at,
			Due: at, Updated: at, Finished: at, Next: 2, Tries: 3, Results: map[string]json.RawMessage{"crm": []byte(`{"id":1}`)},
		},
		{ID: "r2", Created: at},
	}
	var out bytes.Buffer
	result, err := export.Runs{}.Write(t.Context(), list, export.Options{To: &out, Format: export.CSV})
	if err != nil || result.Rows != 2 || result.Cursor != "r2" {
		t.Fatalf("%+v, %v", result, err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	const moment, none = "2026-03-01T12:00:00.000000005Z", ""
	want := [][]string{
		{"id", "event_id", "event_type", "meeting_id", "rule", "revision", "shadow", "status", "reason", "follow", "created", "due", "updated", "finished", "next", "tries", "results"},
		{"r1", "e1", "t", "m", "'=rule", "v", "true", "failed", "why", "true", moment, moment, moment, moment, "2", "3", `{"crm":{"id":1}}`},
		{"r2", none, none, none, none, none, "false", none, none, "false", moment, none, none, none, "0", "0", none},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	out.Reset()
	if _, err := (export.Runs{}).Write(t.Context(), list, export.Options{To: &out, Format: export.NDJSON, Cursor: "r1"}); err != nil {
		t.Fatal(err)
	}
	var run event.Run
	if err := json.Unmarshal(out.Bytes(), &run); err != nil || run.ID != "r2" || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("%s, %v", out.String(), err)
	}
}

var errBroken = errors.New("the disk is full")

// narrow takes some bytes and no more.
type narrow struct{ left int }

func (n *narrow) Write(p []byte) (int, error) {
	if n.left -= len(p); n.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

// TestWriterFails: an export that was not written is an error, wherever it stops.
func TestWriterFails(t *testing.T) {
	t.Parallel()
	s := shelfOf(3, func(i int) time.Time { return time.Unix(int64(i), 0) })
	for _, format := range []string{export.CSV, export.NDJSON} {
		for _, room := range []int{0, 1000} {
			if _, err := (export.Events{}).Write(t.Context(), s, export.Options{To: &narrow{room / 5}, Format: format}); !errors.Is(err, errBroken) {
				t.Errorf("%s: %v", format, err)
			}
		}
	}
	if _, err := (export.Events{}).Write(t.Context(), s, export.Options{To: &bytes.Buffer{}, Format: export.CSV, Page: func(int, string, time.Time) error { return errBroken }}); !errors.Is(err, errBroken) {
		t.Errorf("a page that cannot be noted: %v", err)
	}
}

// TestFilesAreNotMixed: nothing is added to another export, and none is lost.
func TestFilesAreNotMixed(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "out.csv")
	open := func(what, cursor string, words ...string) *export.File {
		t.Helper()
		f, err := export.Open(name, what, cursor)
		if len(words) == 0 {
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		if !errors.Is(err, event.ErrConflict) {
			t.Errorf("%s from %q: %v", what, cursor, err)
			return nil
		}
		for _, w := range words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s from %q: %v does not say %q", what, cursor, err, w)
			}
		}
		return nil
	}
	write := func(f *export.File, text string, end func() error) {
		t.Helper()
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(end(), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	f := open("events", "")
	if !f.Empty() {
		t.Error("a new file is not empty")
	}
	write(f, "one\n", func() error { return f.Mark("1") })
	open("runs", "1", "(events)")
	open("events", "", "--cursor 1")
	open("events", "2", "--cursor 1")
	f = open("events", "1")
	if f.Empty() {
		t.Error("a file that is continued is empty")
	}
	write(f, "two\n", f.Finish)
	open("events", "", "exists", "--out")
	f = open("events", "2")
	write(f, "three\n", f.Finish)
	if text, err := os.ReadFile(name); err != nil || string(text) != "one\ntwo\nthree\n" {
		t.Errorf("%q, %v", text, err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(name), "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("%q are left, %v", left, err)
	}
	if err := os.WriteFile(name+".part", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	open("events", "3", "remove it")
}
