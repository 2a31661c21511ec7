package moments

import "time"

// On returns a wall-clock time on a day in a zone. If a clock change skips it, that
// is the end of the gap; if it occurs twice, the first one. 24:00 is the end of the
// day. A day is given as a date, because a zone may have skipped it.
func On(y int, m time.Month, d, hour, minute int, zone *time.Location) time.Time {
	at := time.Date(y, m, d, hour, minute, 0, 0, zone)
	// Dates are compared too: a gap at midnight or of a whole day leads to
	// another date.
	want, shown := time.Date(y, m, d, hour, minute, 0, 0, time.UTC), onCalendar(at)
	if !shown.Equal(want) {
		// time.Date may return either side of the gap.
		start, end := at.ZoneBounds()
		if shown.Before(want) {
			return end
		}
		return start
	}
	if start, _ := at.ZoneBounds(); !start.IsZero() {
		_, before := start.Add(-time.Second).Zone()
		_, after := at.Zone()
		first := at.Add(time.Duration(after-before) * time.Second)
		if before > after && first.Before(start) && onCalendar(first).Equal(want) {
			return first
		}
	}
	return at
}

// onCalendar returns the local date and time of t as if it were UTC.
func onCalendar(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, time.UTC)
}
