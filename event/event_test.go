package event_test

import (
	"errors"
	"io"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
)

// TestAbsent: a meeting or a change with any one field is there.
func TestAbsent(t *testing.T) {
	t.Parallel()
	if !(*event.Meeting)(nil).Absent() || !new(event.Meeting).Absent() || !(*event.Change)(nil).Absent() || !new(event.Change).Absent() {
		t.Error("nothing is there")
	}
	eachField(reflect.TypeFor[event.Meeting](), nil, func(path []int, name string) {
		m := new(event.Meeting)
		fill(reflect.ValueOf(m).Elem().FieldByIndex(path))
		if m.Absent() {
			t.Errorf("a meeting with %s is absent", name)
		}
	})
	eachField(reflect.TypeFor[event.Change](), nil, func(path []int, name string) {
		c := new(event.Change)
		fill(reflect.ValueOf(c).Elem().FieldByIndex(path))
		if c.Absent() {
			t.Errorf("a change with %s is absent", name)
		}
	})
}

// eachField visits the fields that hold no struct of this package.
func eachField(t reflect.Type, path []int, visit func(path []int, name string)) {
	for i := range t.NumField() {
		f, here := t.Field(i), append(append([]int{}, path...), i)
		if f.Type.Kind() == reflect.Struct && f.Type.PkgPath() != "time" {
			eachField(f.Type, here, visit)
			continue
		}
		visit(here, f.Name)
	}
}

func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(1, 0)))
	case string:
		v.SetString("x")
	case bool:
		v.SetBool(true)
	case map[string]any:
		v.Set(reflect.ValueOf(map[string]any{}))
	default:
		if v.Kind() == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		} else {
			v.Set(reflect.ValueOf(7))
		}
	}
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	want := map[event.Status]bool{
		event.StatusPending: false, event.StatusWaiting: false, event.StatusRunning: false,
		event.StatusSucceeded: true, event.StatusFailed: true, event.StatusCanceled: true, event.StatusSkipped: true,
	}
	got := map[event.Status]bool{}
	for _, s := range event.Statuses() {
		got[s] = s.Done()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("which states are an end (-want +got):\n%s", diff)
	}
}

func TestFailureSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	check := func(f *event.Failure, want string) {
		t.Helper()
		if f.Error() != want {
			t.Errorf("it says %q, want %q", f.Error(), want)
		}
	}
	check(event.Failf(event.CauseServer, true, "status %d", 503), "status 503")
	check(&event.Failure{Err: io.EOF}, "EOF")
	check(&event.Failure{Text: "cut off", Err: io.EOF}, "cut off")
	check(&event.Failure{}, "")
	if !errors.Is(&event.Failure{Text: "cut off", Err: io.EOF}, io.EOF) {
		t.Error("the error underneath is lost")
	}
	if f := event.Failf(event.CauseServer, true, "x"); f.Cause != event.CauseServer || !f.Retry {
		t.Errorf("%+v", f)
	}
}

func TestDriftInWords(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]event.Drift{
		"the body: expected UTF-8, got bytes":  {Want: "UTF-8", Got: "bytes"},
		"data.id: expected a text, got a list": {Path: "data.id", Want: "a text", Got: "a list"},
	} {
		if d.String() != want {
			t.Errorf("%q, want %q", d.String(), want)
		}
	}
	for path, want := range map[string]string{
		"data.meetingInfo.formValues": "data.meetingInfo.formValues", "data.meetingInfo.formValues.*": "data.meetingInfo.formValues.*",
		"data.meetingInfo.formValues.0": event.OtherField, "eventId.x": event.OtherField, "eventTimestamp.wall": event.OtherField,
		"data.setting.title": "data.setting.title", "data.": event.OtherField,
	} {
		if got := (event.Drift{Path: path}).Field(); got != want {
			t.Errorf("field of %q is %q, want %q", path, got, want)
		}
	}
}

func TestArrive(t *testing.T) {
	t.Parallel()
	at, before := time.Unix(100, 0), time.Unix(50, 0)
	silent, dated := &event.Event{}, &event.Event{Envelope: event.Envelope{Timestamp: before}}
	silent.Arrive(at)
	dated.Arrive(at)
	if !silent.Timestamp.Equal(at) || !silent.Received.Equal(at) || !dated.Timestamp.Equal(before) || !dated.Received.Equal(at) {
		t.Errorf("%v %v, %v %v", silent.Timestamp, silent.Received, dated.Timestamp, dated.Received)
	}
}

func TestTypesAndFates(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range event.Types() {
		seen[s] = true
	}
	for _, f := range event.Fates() {
		seen[string(f)] = true
	}
	if len(seen) != 11 {
		t.Errorf("%d types and fates: %v", len(seen), seen)
	}
	if got := event.TimeText(time.Date(2026, 3, 2, 10, 0, 0, 0, time.FixedZone("CET", 3600))); got != "2026-03-02 09:00:00 UTC" {
		t.Errorf("a time is written %q", got)
	}
}

func TestTimeText(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{
		{}, time.Unix(0, 0), time.Date(2026, 3, 2, 9, 0, 0, 999_999_999, time.FixedZone("east", 7200)),
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		if want, got := at.UTC().Format("2006-01-02 15:04:05 MST"), event.TimeText(at); got != want {
			t.Errorf("%v is %q, want %q", at, got, want)
		}
	}
}
