// Package calendar knows the public holidays of countries: those that the whole
// country has, by the law as it is now.
package calendar

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// table has one holiday per line: country, rule and name; see read for rules.
//
//go:embed holidays.txt
var table string

// countries is never changed.
var countries = readAll(table)

// Country has the holidays of one country.
type Country struct{ list []holiday }

// holiday is one holiday of each year from a first one on.
type holiday struct {
	name string
	from int // the first year; 0 for all
	// on returns its date in a year, before it moves.
	on func(year int) time.Time
	// moves is how it moves off a weekend: "" not at all, "next" to the next
	// free weekday, "near" from Saturday to Friday and from Sunday to Monday.
	moves string
}

// Of returns the holidays of a country by its ISO 3166 code.
func Of(code string) (*Country, error) {
	if c := countries[strings.ToUpper(code)]; c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("the holidays of country %q are not known", clip(code))
}

// Codes lists the countries whose holidays are known.
func Codes() []string {
	var out []string
	for code := range countries {
		out = append(out, code)
	}
	slices.Sort(out)
	return out
}

func clip(s string) string {
	if r := []rune(s); len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return s
}

// Holiday returns the name of the holiday on the day of t in its zone, or "".
// A nil Country has none.
func (c *Country) Holiday(t time.Time) string {
	if c == nil || t.IsZero() {
		return ""
	}
	day := date(t.Year(), t.Month(), t.Day())
	if name := c.in(t.Year(), day); name != "" || day.Month() != time.December {
		return name
	}
	// New Year's Day may be observed in the year before.
	return c.in(t.Year()+1, day)
}

// in finds a day among the holidays of a year.
func (c *Country) in(year int, day time.Time) string {
	for i := range c.list {
		h := &c.list[i]
		if year < h.from {
			continue
		}
		at := h.on(year)
		if at.Equal(day) || h.moves != "" && weekend(at) && c.observed(h, at).Equal(day) {
			return h.name
		}
	}
	return ""
}

// observed returns the weekday on which a holiday at a weekend is observed.
func (c *Country) observed(h *holiday, at time.Time) time.Time {
	if h.moves == "near" && at.Weekday() == time.Saturday {
		return at.AddDate(0, 0, -1)
	}
	for weekend(at) || h.moves == "next" && c.taken(h, at) {
		at = at.AddDate(0, 0, 1)
	}
	return at
}

// taken reports whether a holiday listed before h, or one that does not move,
// is on that day, so that of two at a weekend the second moves further.
func (c *Country) taken(h *holiday, day time.Time) bool {
	for i := range c.list {
		other := &c.list[i]
		if other == h {
			continue
		}
		at := other.on(day.Year())
		if at.Equal(day) || c.before(other, h) && weekend(at) && other.moves == "next" && c.observed(other, at).Equal(day) {
			return true
		}
	}
	return false
}

func (c *Country) before(a, b *holiday) bool {
	for i := range c.list {
		switch &c.list[i] {
		case a:
			return true
		case b:
			return false
		}
	}
	return false
}

func weekend(t time.Time) bool { return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday }

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func readAll(table string) map[string]*Country {
	out := map[string]*Country{}
	for line := range strings.Lines(table) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		code, rest, _ := strings.Cut(line, " ")
		rule, name, _ := strings.Cut(rest, " ")
		if out[code] == nil {
			out[code] = &Country{}
		}
		h := read(rule)
		h.name = name
		out[code].list = append(out[code].list, h)
	}
	return out
}

// read reads a rule: a date (12-25), days from Easter Sunday (E-2), a weekday of
// a month (mon3-01 is the third Monday of January, monL-05 the last of May), or
// the first such day on or after a date (sat@06-20). Then may follow >next or
// >near (see holiday.moves), and /2026 for the first year. brigid is the one
// that fits no other rule.
func read(rule string) holiday {
	rule, year, _ := strings.Cut(rule, "/")
	rule, moves, _ := strings.Cut(rule, ">")
	h := holiday{moves: moves, from: number(year)}
	switch {
	case rule == "brigid":
		h.on = brigid
	case strings.HasPrefix(rule, "E"):
		days := number(rule[1:])
		h.on = func(year int) time.Time { return easter(year).AddDate(0, 0, days) }
	case strings.Contains(rule, "@"):
		day, at, _ := strings.Cut(rule, "@")
		month, first := monthDay(at)
		h.on = func(year int) time.Time { return onOrAfter(date(year, month, first), weekday(day)) }
	case rule[0] >= 'a':
		day, month := weekday(rule[:3]), time.Month(number(rule[5:]))
		if rule[3] == 'L' {
			h.on = func(year int) time.Time { return onOrAfter(date(year, month+1, -6), day) }
			break
		}
		nth := number(rule[3:4])
		h.on = func(year int) time.Time { return onOrAfter(date(year, month, 7*nth-6), day) }
	default:
		month, day := monthDay(rule)
		h.on = func(year int) time.Time { return date(year, month, day) }
	}
	return h
}

// number reads a number of the table; empty is 0.
func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

func monthDay(s string) (time.Month, int) {
	month, day, _ := strings.Cut(s, "-")
	return time.Month(number(month)), number(day)
}

func weekday(name string) time.Weekday {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(d.String()[:3], name) {
			return d
		}
	}
	return time.Sunday
}

func onOrAfter(t time.Time, day time.Weekday) time.Time {
	return t.AddDate(0, 0, (int(day)-int(t.Weekday())+7)%7)
}

// brigid is the first Monday of February, or 1 February if that is a Friday.
func brigid(year int) time.Time {
	if first := date(year, time.February, 1); first.Weekday() == time.Friday {
		return first
	}
	return onOrAfter(date(year, time.February, 1), time.Monday)
}

// easter is Easter Sunday by the Gregorian calendar.
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 19*l) / 433
	month := (h + l - 7*m + 90) / 25
	day := (h + l - 7*m + 33*month + 19) % 32
	return date(year, time.Month(month), day)
}
