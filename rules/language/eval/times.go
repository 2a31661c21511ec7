package eval

import (
	"fmt"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
	"sync"
	"time"
	_ "time/tzdata" // the zones must be there in a container without any
)

// Library is the state that the functions of one load share.
type Library struct {
	zones    sync.Map // name → *time.Location, because loading one reads a file
	patterns sync.Map // source → *pattern, of those that stand in the rules
}

func NewLibrary() *Library { return &Library{} }

func (l *Library) timeFunctions() []Function {
	return []Function{
		{
			Name: "now", Signature: "now()",
			Doc:     "The time of evaluation, in UTC.",
			Example: `now()`, Result: `"2026-03-02T12:00:00Z"`,
			Call:  func(...any) (any, error) { return nil, fmt.Errorf("now() cannot be used here") },
			Types: typesOf(func() time.Time { return time.Time{} }),
		},
		{
			Name: "local", Signature: "local(time, zone)",
			Doc:     "The same time in a time zone such as Europe/Berlin.",
			Example: `string(local(meeting.meetingStart, "Europe/Berlin").Hour())`, Result: `"16"`,
			Zone: 1, Call: l.local, Types: typesOf(
				func(time.Time, string) time.Time { return time.Time{} },
				func(string, string) time.Time { return time.Time{} },
			),
		},
		{
			Name: "format", Signature: "format(time, layout, zone)",
			Doc: "The time as text. The layout is date, time, datetime, long, rfc3339 or one in Go's notation (2 Jan 2006 15:04). " +
				"The zone is optional; the default is that of the time.",
			Example: `format(meeting.meetingStart, "Mon 2 Jan 15:04", "America/New_York")`, Result: `"Tue 10 Mar 11:00"`,
			Zone: 2, Call: l.format, Types: typesOf(
				func(time.Time, string) string { return "" },
				func(time.Time, string, string) string { return "" },
				func(string, string) string { return "" },
				func(string, string, string) string { return "" },
			),
		},
		{
			Name: "weekday", Signature: "weekday(time, zone)",
			Doc:     "The English name of the day of the week. The zone is optional; the default is that of the time.",
			Example: `weekday(meeting.meetingStart, "Asia/Tokyo")`, Result: `"Wednesday"`,
			Zone: 1, Call: l.weekday, Types: typesOf(
				func(time.Time) string { return "" },
				func(time.Time, string) string { return "" },
				func(string) string { return "" },
				func(string, string) string { return "" },
			),
		},
		{
			Name: "validZone", Signature: "validZone(text)",
			Doc:     "Whether the text names a time zone; use it to check an invitee's answer.",
			Example: `validZone("Mars/Olympus")`, Result: `false`,
			Call: func(args ...any) (any, error) {
				name, ok := args[0].(string)
				if !ok || name == "" {
					return false, nil
				}
				_, err := l.Zone(name)
				return err == nil, nil
			}, Types: typesOf(func(string) bool { return false }),
		},
		{
			Name: "duration", Signature: "duration(text)",
			Doc:     "A duration: 90s, 15m, 2h, 3d, 1w, or several in a row.",
			Example: `string(meeting.meetingStart - duration("1d"))`, Result: `"2026-03-09T15:00:00Z"`,
			Call: durationFunc, Types: typesOf(func(string) time.Duration { return 0 }),
		},
	}
}

func durationFunc(args ...any) (any, error) {
	d, err := units.ParseDuration(textOf(args[0]))
	return time.Duration(d), err
}

// Layout returns the layout for a name that format knows, or name itself.
func Layout(name string) string {
	switch name {
	case "date":
		return time.DateOnly
	case "time":
		return "15:04"
	case "datetime":
		return "2006-01-02 15:04"
	case "long":
		return "Monday, 2 January 2006 15:04 MST"
	case "rfc3339", "":
		return time.RFC3339
	}
	return name
}

func (l *Library) local(args ...any) (any, error) {
	t, err := l.timeIn(args, 1)
	return t, err
}

func (l *Library) format(args ...any) (any, error) {
	t, err := l.timeIn(args, 2)
	if err != nil || t.IsZero() {
		return "", err
	}
	return t.Format(Layout(textOf(args[1]))), nil
}

func (l *Library) weekday(args ...any) (any, error) {
	t, err := l.timeIn(args, 1)
	if err != nil || t.IsZero() {
		return "", err
	}
	return t.Weekday().String(), nil
}

// timeIn returns the time of the first argument in the zone of argument i, if
// there is one.
func (l *Library) timeIn(args []any, i int) (time.Time, error) {
	t, err := timeOf(args[0])
	if err != nil || len(args) <= i || t.IsZero() {
		return t, err
	}
	zone, err := l.Zone(textOf(args[i]))
	if err != nil {
		return t, err
	}
	return t.In(zone), nil
}

func (l *Library) Zone(name string) (*time.Location, error) {
	if known, ok := l.zones.Load(name); ok {
		return known.(*time.Location), nil
	}
	if name == "Local" {
		return nil, fmt.Errorf("time zone %q depends on the machine", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("unknown time zone %q", text.Clip(name, 60))
	}
	l.zones.Store(name, zone)
	return zone, nil
}

// timeOf accepts times and ISO 8601 text. A missing value is the zero time.
func timeOf(v any) (time.Time, error) {
	switch x := v.(type) {
	case nil:
		return time.Time{}, nil
	case time.Time:
		return x, nil
	case string:
		if x == "" {
			return time.Time{}, nil
		}
		t, err := time.Parse(time.RFC3339, x)
		if err != nil {
			return t, fmt.Errorf("%q is not a time such as 2026-01-31T09:30:00Z", text.Clip(x, 40))
		}
		return t, nil
	}
	return time.Time{}, fmt.Errorf("a time is needed, not %s", valueWords(v))
}
