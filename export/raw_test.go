package export

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/rules/language/wording"
)

// TestRawLines: a line of an event that is not decoded is that of the decoded one.
func TestRawLines(t *testing.T) {
	t.Parallel()
	happened := time.Date(2026, 5, 4, 9, 0, 0, 123456000, time.UTC)
	line := `{"eventId":"e<1>","eventType":"scheduling.smartscheduler.scheduled","organizationGuid":"acme","eventTimestamp":"2026-05-04T09:00:00.123456Z","data":{"id":"m","meetingInfo":{"meetingName":"<b>A & \"B\" \u00fc\u2028</b>"}}}`
	replaced := func(old, now string) string { return strings.Replace(line, old, now, 1) }
	quick := 0
	for i, body := range []string{
		line, " \n" + strings.ReplaceAll(line, ",", " ,\t") + "\n", replaced(".123456Z", ".1234567Z"), replaced("09:00:00.123456Z", "11:00:00.1234569+02:00"),
		replaced(".123456Z", ".123456"), replaced(`"eventTimestamp"`, `"other"`), replaced(`"2026-05-04T09:00:00.123456Z"`, "17"), replaced(`"2026-05-04T09:00:00.123456Z"`, `"2026`),
		replaced(`"organizationGuid"`, `"eventTimestamp":"2020-01-01T00:00:00Z","organizationGuid"`), "\ufeff" + line, replaced("A &", "\xff"), replaced(`"id":"m"`, `"id":"n","id":"m"`),
		replaced(`"data"`, `"deep":`+strings.Repeat("[", 120)+strings.Repeat("]", 120)+`,"data"`), "not json", "{}", `"` + line, line + "x", "",
	} {
		for _, odd := range []bool{false, true} {
			raw := event.Record{Seq: int64(i), Deliveries: 1, Revision: "r", Raw: true, Event: &event.Event{
				Envelope: event.Envelope{ID: "e<1>", Type: event.TypeScheduled, OrganizationGUID: "acme", Timestamp: happened},
				Meeting:  &event.Meeting{ID: "m"}, Change: &event.Change{}, Test: &event.Test{}, Body: []byte(body), Received: happened.Add(time.Second),
			}}
			if odd {
				raw.LastSeen, raw.Late, raw.Runs, raw.Revision = happened.Add(time.Hour), true, 3, "r\u2028\"é\\"
			}
			decoded := raw
			decode.Stored(&decoded)
			want, err := appendJSON(nil, event.LineOf(&decoded))
			if err != nil {
				t.Fatal(err)
			}
			got, ok := appendRaw([]byte("before"), &raw)
			if !ok {
				if string(got) != "before" {
					t.Errorf("%s: left %q", body, got)
				}
				continue
			}
			quick++
			if string(got) != "before"+string(want) {
				t.Errorf("%s:\n%s\n%s", body, got, want)
			}
		}
	}
	if quick < 8 {
		t.Errorf("%d lines are written without decoding", quick)
	}
}

// FuzzField compares with encoding/csv, and the quick look at a field with the
// whole one.
func FuzzField(f *testing.F) {
	for _, text := range []string{"", "a", "a,b", `a"b`, " a", "\u00a0a", `\.`, "a\nb", "a\r\nb", "=1", "a;=1", "＝1", "'+1", "a;b", "\t-1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		if err := w.Write([]string{text, text}); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		if got := string(append(appendField(appendField(nil, 0, text), 1, text), '\n')); got != b.String() {
			t.Errorf("%q, want %q", got, b.String())
		}
		if whole := wording.Cell(text); Cell(text) != whole {
			t.Errorf("Cell(%q) is %q, want %q", text, Cell(text), whole)
		}
		if plain(text) && (Cell(text) != text || string(appendField(nil, 0, text)) != text) {
			t.Errorf("%q is not written as it is", text)
		}
	})
}

// TestPagesStayInOrder: pages are formatted at once and written one after the
// other; an error stops them.
func TestPagesStayInOrder(t *testing.T) {
	t.Parallel()
	for _, fails := range []int{-1, 0, 777} {
		var out bytes.Buffer
		pages := 0
		x := &stream[int]{
			opts: Options{To: &out, Page: func(int, string, time.Time) error { pages++; return nil }},
			format: func() format[int] {
				return func(dst []byte, n int) ([]byte, bool, error) {
					if n == fails {
						return dst, false, fmt.Errorf("row %d", n)
					}
					if n%2 == 1 {
						return dst, false, nil
					}
					return fmt.Appendf(dst, "%d ", n), true, nil
				}
			},
			next: func(_ context.Context, cursor string) ([]int, bool, error) {
				from := 0
				_, _ = fmt.Sscan(cursor, &from) // empty at first
				var list []int
				for n := from; n < min(from+10, 1234); n++ {
					list = append(list, n)
				}
				return list, len(list) == 10, nil
			},
			cursor: func(n int) string { return fmt.Sprint(n + 1) },
			at:     func(int) time.Time { return time.Time{} },
		}
		result, err := x.run(t.Context())
		want, rows := "", 0
		end := 1234
		if fails >= 0 {
			end = fails / 10 * 10
		}
		for n := 0; n < end; n += 2 {
			want += fmt.Sprint(n, " ")
			rows++
		}
		if out.String() != want || result.Rows != rows || (err != nil) != (fails >= 0) || end > 0 && result.Cursor != fmt.Sprint(end) || pages != (end+9)/10 {
			t.Errorf("with an error at %d: %+v after %d pages, %v", fails, result, pages, err)
		}
	}
}
