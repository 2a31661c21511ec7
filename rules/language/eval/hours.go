package eval

import (
	"fmt"
	"github.com/gavel-rules/gavel/rules/text"
	"time"
)

// hoursFunctions are about working time. They know no holidays, because events
// do not say which apply.
func (l *Library) hoursFunctions() []Function {
	return []Function{
		{
			Name: "workday", Signature: "workday(time, zone)",
			Doc:     "Whether the day is Monday to Friday in the zone.",
			Example: `workday(meeting.meetingStart, "Europe/Berlin")`, Result: `true`,
			Zone: 1, Call: l.workday, Types: typesOf(func(time.Time, string) bool { return false }),
		},
		{
			Name: "between", Signature: "between(time, from, to, zone)",
			Doc: "Whether the time of day in the zone is at or after from and before to, such as 09:00 and 17:30. " +
				"If from is later than to, the hours span midnight.",
			Example: `between(meeting.meetingStart, "09:00", "17:30", "Europe/Berlin")`, Result: `true`,
			Zone: 3, Call: l.between, Types: typesOf(func(time.Time, string, string, string) bool { return false }),
		},
		{
			Name: "addWorkdays", Signature: "addWorkdays(time, days, zone)",
			Doc: "The same time of day in the zone that many workdays (Monday to Friday) later, or earlier for a negative number. " +
				"0 moves a weekend to the following Monday.",
			Example: `format(addWorkdays(meeting.meetingStart, 4, "Europe/Berlin"), "Mon 2 Jan 15:04")`, Result: `"Mon 16 Mar 16:00"`,
			Zone: 2, Call: l.addWorkdays, Types: typesOf(func(time.Time, int, string) time.Time { return time.Time{} }),
		},
	}
}

func (l *Library) workday(args ...any) (any, error) {
	t, err := l.timeIn(args, 1)
	return err == nil && !t.IsZero() && isWorkday(t), err
}

func isWorkday(t time.Time) bool { return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday }

func (l *Library) between(args ...any) (any, error) {
	t, err := l.timeIn(args, 3)
	if err != nil {
		return false, err
	}
	from, err := MinuteOfDay(textOf(args[1]))
	if err != nil {
		return false, err
	}
	to, err := MinuteOfDay(textOf(args[2]))
	if err != nil || t.IsZero() {
		return false, err
	}
	now := t.Hour()*60 + t.Minute()
	if from > to {
		return now >= from || now < to, nil
	}
	return now >= from && now < to, nil
}

// MinuteOfDay reads a time of day; 24:00 is the end of the day.
func MinuteOfDay(s string) (int, error) {
	if s == "24:00" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a time of day such as 09:00", text.Clip(s, 20))
	}
	return t.Hour()*60 + t.Minute(), nil
}

// maxWorkdays limits addWorkdays to about forty years.
const maxWorkdays = 10_000

func (l *Library) addWorkdays(args ...any) (any, error) {
	t, err := l.timeIn(args, 2)
	if err != nil || t.IsZero() {
		return t, err
	}
	days, ok := args[1].(int)
	if !ok || days > maxWorkdays || days < -maxWorkdays {
		return time.Time{}, fmt.Errorf("%v is not a number of days", args[1])
	}
	one := 1
	if days < 0 {
		one, days = -1, -days
	}
	for ; days > 0; days-- {
		t = nextWorkday(t.AddDate(0, 0, one), one)
	}
	return nextWorkday(t, one), nil
}

// nextWorkday moves t day by day until it is a workday.
func nextWorkday(t time.Time, one int) time.Time {
	for !isWorkday(t) {
		t = t.AddDate(0, 0, one)
	}
	return t
}
