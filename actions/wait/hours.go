package wait

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/calendar"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/values"
)

// Between are the hours of the week in which a run may wake.
type Between struct {
	From      string        `yaml:"from" required:"true" doc:"first minute of the day" example:"09:00"`
	To        string        `yaml:"to" required:"true" doc:"end of the day, 24:00 at the latest; before from means the next morning" example:"17:00"`
	Days      []string      `yaml:"days" doc:"days of the week, or weekdays; default: every day" example:"[mon, tue, wed, thu, fri]"`
	Holidays  []string      `yaml:"holidays" doc:"days on which no run wakes: dates, and countries whose public holidays are meant" example:"[FR, 2026-12-24]"`
	Zone      []values.Text `yaml:"zone" required:"true" doc:"IANA time zone, or a list of which the first valid one is used" example:"Europe/Paris"`
	Otherwise string        `yaml:"otherwise" enum:"next,previous" doc:"where a time outside moves to: the next allowed time, or the previous one; default: the next, or the previous one if the time is before the start of the meeting and the next is after it"`
}

// hours is a built Between.
type hours struct {
	from, to clock
	days     [7]bool
	holidays map[string]bool
	// countries are those whose holidays are holidays.
	countries []*calendar.Country
	zone      []values.Text
	previous  bool
	given     bool // otherwise is set
}

// searchDays limits the search for an allowed day to a little over a year.
const searchDays = 370

func (b *Between) build() (*hours, error) {
	h := &hours{zone: b.Zone, previous: b.Otherwise == "previous", given: b.Otherwise != "", holidays: map[string]bool{}}
	var err error
	if h.from, err = parseClock(b.From); err != nil {
		return nil, &params.FieldError{Field: "only_between.from", Err: err, Hint: `write "09:00"`}
	}
	if h.to, err = parseEnd(b.To); err != nil {
		return nil, &params.FieldError{Field: "only_between.to", Err: err, Hint: `write "17:00"`}
	}
	if h.from == h.to {
		return nil, &params.FieldError{Field: "only_between.to", Err: errors.New("is the same as from, which leaves no time")}
	}
	if err := checkZones("only_between.zone", b.Zone); err != nil {
		return nil, err
	}
	if err := h.allowDays(b.Days); err != nil {
		return nil, &params.FieldError{Field: "only_between.days", Err: err, Hint: "write mon, tue, wed, thu, fri, sat, sun or weekdays"}
	}
	return h, h.setHolidays(b.Holidays)
}

func (h *hours) setHolidays(days []string) error {
	for _, day := range days {
		if country, err := calendar.Of(day); err == nil {
			h.countries = append(h.countries, country)
			continue
		}
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return &params.FieldError{
				Field: "only_between.holidays", Err: fmt.Errorf("%q is not a date, nor a country whose holidays are known", day),
				Hint: "write 2026-12-25, or one of " + strings.Join(calendar.Codes(), ", "),
			}
		}
		h.holidays[day] = true
	}
	return nil
}

// free reports whether a day is a holiday.
func (h *hours) free(day time.Time) bool {
	return h.holidays[day.Format(time.DateOnly)] ||
		slices.ContainsFunc(h.countries, func(c *calendar.Country) bool { return c.Holiday(day) != "" })
}

func (h *hours) allowDays(names []string) error {
	if len(names) == 0 {
		h.days = [7]bool{true, true, true, true, true, true, true}
		return nil
	}
	for _, name := range names {
		if strings.EqualFold(name, "weekdays") {
			for d := time.Monday; d <= time.Friday; d++ {
				h.days[d] = true
			}
			continue
		}
		found := false
		for d := time.Sunday; d <= time.Saturday; d++ {
			if full := d.String(); strings.EqualFold(name, full) || strings.EqualFold(name, full[:3]) {
				h.days[d], found = true, true
			}
		}
		if !found {
			return fmt.Errorf("%q is not a day of the week", name)
		}
	}
	return nil
}

// hold returns at if it is allowed, else the allowed time that it moves to and
// a text that says why. It is an error if no time is allowed within a year.
func (h *hours) hold(s *language.Scope, at time.Time) (time.Time, string, error) {
	zone, err := renderZone(h.zone, s)
	if err != nil {
		return time.Time{}, "", err
	}
	local := at.In(zone)
	var after, before time.Time
	for i := -1; i <= searchDays; i++ {
		start, end, allowed := h.window(local, i)
		if !allowed {
			continue
		}
		if !at.Before(start) && at.Before(end) {
			return at, "", nil
		}
		if start.After(at) {
			after = start
			break
		}
	}
	began := s.Meeting().Start
	late := !began.IsZero() && at.Before(began) && !after.Before(began)
	previous := h.previous || late && !h.given
	for i := 0; i >= -searchDays && previous; i-- {
		if _, end, allowed := h.window(local, i); allowed && !end.After(at) {
			before = end
			break
		}
	}
	switch {
	case previous && !before.IsZero() && !h.previous:
		return before, "brought forward to " + before.In(zone).Format("Mon 2006-01-02 15:04 MST") + ": the next allowed time is after the meeting starts", nil
	case h.previous && !before.IsZero():
		return before, "brought forward to " + before.In(zone).Format("Mon 2006-01-02 15:04 MST"), nil
	case !h.previous && !after.IsZero():
		why := "held until " + after.In(zone).Format("Mon 2006-01-02 15:04 MST")
		if late {
			why += ", after the meeting starts"
		}
		return after, why, nil
	}
	return time.Time{}, "", errors.New("only_between allows no time within a year")
}

// window returns the allowed hours that start offset days after local's day.
func (h *hours) window(local time.Time, offset int) (start, end time.Time, allowed bool) {
	noon := dayOf(local, offset)
	if !h.days[noon.Weekday()] || h.free(noon) {
		return start, end, false
	}
	start, end = h.from.on(noon), h.to.on(noon)
	if h.to.minutes() <= h.from.minutes() {
		end = h.to.on(dayOf(noon, 1))
	}
	return start, end, true
}
