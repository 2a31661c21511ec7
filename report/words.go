package report

import (
	"fmt"
	"strconv"
	"time"
)

// Ahead formats a time ahead: 40 min, 5 h 20 min, 3 days 4 h, 120 days.
func Ahead(seconds int64) string {
	d := time.Duration(seconds) * time.Second
	hours, minutes := int(d/time.Hour), int(d/time.Minute)%60
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%d min", minutes)
	case d < day:
		return join(fmt.Sprintf("%d h", hours), minutes, "min")
	case d < 90*day:
		return join(count(hours/24, "day", "days"), hours%24, "h")
	}
	return count(hours/24, "day", "days")
}

func join(first string, rest int, unit string) string {
	if rest == 0 {
		return first
	}
	return fmt.Sprintf("%s %d %s", first, rest, unit)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// Late formats LateSeconds: 24 h, 90 min.
func (r *Report) Late() string {
	if r.LateSeconds%3600 == 0 {
		return fmt.Sprintf("%d h", r.LateSeconds/3600)
	}
	return fmt.Sprintf("%d min", r.LateSeconds/60)
}

// Percent formats a share from 0 to 1 as a percentage.
func Percent(part float64) string { return fmt.Sprintf("%.0f %%", part*100) }
