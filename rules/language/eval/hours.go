package eval

import (
	"fmt"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/rules/language/calendar"
	"github.com/gavel-rules/gavel/rules/text"
)

// hoursFunctions are about working time. They know the holidays of the country
// that is named, because events do not say which apply.
func (l *Library) hoursFunctions() []Function {
	return []Function{
		{
			Name: "workday", Signature: "workday(time, zone, country)",
			Doc:     "Whether the day is Monday to Friday in the zone and, if a country is given, not one of its [holidays](#holidays).",
			Example: `workday(date("2026-12-25"), "Europe/Berlin", "DE")`, Result: `false`,
			Zone: 1, Country: 2, Call: l.workday, Types: typesOf(
				func(time.Time, string, string) bool { return false },
				func(time.Time, string) bool { return false },
			),
		},
		{
			Name: "holiday", Signature: "holiday(time, zone, country)",
			Doc:     "The English name of the [holiday](#holidays) on that day in the country; empty if it is none.",
			Example: `holiday(date("2026-04-06"), "Europe/Paris", "FR")`, Result: `"Easter Monday"`,
			Zone: 1, Country: 2, Call: l.holiday, Types: typesOf(func(time.Time, string, string) string { return "" }),
		},
		{
			Name: "nextWorkday", Signature: "nextWorkday(time, zone, country)",
			Doc:     "The same time of day in the zone on the first workday after that day. The country is optional; its [holidays](#holidays) are no workdays.",
			Example: `format(nextWorkday(date("2026-04-02"), "Europe/London", "GB"), "Mon 2 Jan")`, Result: `"Tue 7 Apr"`,
			Zone: 1, Country: 2, Call: l.nextWorkday, Types: typesOf(
				func(time.Time, string, string) time.Time { return time.Time{} },
				func(time.Time, string) time.Time { return time.Time{} },
			),
		},
		{
			Name: "between", Signature: "between(time, from, to, zone)",
			Doc: "Whether the time of day in the zone is at or after from and before to, such as 09:00 and 17:30. " +
				"If from is later than to, the hours span midnight.",
			Example: `between(meeting.meetingStart, "09:00", "17:30", "Europe/Berlin")`, Result: `true`,
			Zone: 3, Call: l.between, Types: typesOf(func(time.Time, string, string, string) bool { return false }),
		},
		{
			Name: "addWorkdays", Signature: "addWorkdays(time, days, zone, country)",
			Doc: "The same time of day in the zone that many workdays (Monday to Friday) later, or earlier for a negative number. " +
				"0 moves a weekend to the following Monday. The country is optional; its [holidays](#holidays) are no workdays.",
			Example: `format(addWorkdays(meeting.meetingStart, 4, "Europe/Berlin"), "Mon 2 Jan 15:04")`, Result: `"Mon 16 Mar 16:00"`,
			Zone: 2, Country: 3, Call: l.addWorkdays, Types: typesOf(
				func(time.Time, int, string, string) time.Time { return time.Time{} },
				func(time.Time, int, string) time.Time { return time.Time{} },
			),
		},
	}
}

func (l *Library) workday(args ...any) (any, error) {
	t, country, err := l.dayIn(args, 1)
	return err == nil && !t.IsZero() && isWorkday(t, country), err
}

func (l *Library) holiday(args ...any) (any, error) {
	t, country, err := l.dayIn(args, 1)
	return country.Holiday(t), err
}

func (l *Library) nextWorkday(args ...any) (any, error) {
	t, country, err := l.dayIn(args, 1)
	if err != nil || t.IsZero() {
		return t, err
	}
	return toWorkday(t.AddDate(0, 0, 1), 1, country), nil
}

// dayIn returns the time of the first argument in the zone of argument i, and
// the country after it, nil if there is none.
func (l *Library) dayIn(args []any, i int) (time.Time, *calendar.Country, error) {
	t, err := l.timeIn(args, i)
	if err != nil || len(args) <= i+1 || textOf(args[i+1]) == "" {
		return t, nil, err
	}
	country, err := CountryOf(textOf(args[i+1]))
	return t, country, err
}

// CountryOf returns a country whose holidays are known.
func CountryOf(code string) (*calendar.Country, error) {
	country, err := calendar.Of(code)
	if err != nil {
		return nil, fmt.Errorf("%w, only those of %s", err, strings.Join(calendar.Codes(), ", "))
	}
	return country, nil
}

func isWorkday(t time.Time, country *calendar.Country) bool {
	return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday && country.Holiday(t) == ""
}

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
	t, country, err := l.dayIn(args, 2)
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
		t = toWorkday(t.AddDate(0, 0, one), one, country)
	}
	return toWorkday(t, one, country), nil
}

// toWorkday moves t day by day until it is a workday.
func toWorkday(t time.Time, one int, country *calendar.Country) time.Time {
	for !isWorkday(t, country) {
		t = t.AddDate(0, 0, one)
	}
	return t
}
