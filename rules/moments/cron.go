package moments

import (
	"fmt"
	"strings"
	"time"

	"github.com/netresearch/go-cron"
)

// cronFields are the fields of a cron expression, in order.
var cronFields = []struct{ name, allowed string }{
	{"minute", "0-59"}, {"hour", "0-23"}, {"day of the month", "1-31"}, {"month", "1-12 or jan-dec"}, {"day of the week", "0-7 or sun-sat"},
}

// Cron is due by a cron expression of five fields: minute, hour, day of the
// month, month and day of the week. If both kinds of day are limited, one of
// them is enough, as in every cron. The error is ErrNever for a day that does not
// exist.
//
// Only reading the expression is left to the library; when it is due is computed
// here, because a clock change must neither skip nor repeat it.
func Cron(source string, zone *time.Location) (*Schedule, error) {
	fields := strings.Fields(strings.ToLower(source))
	if len(fields) != len(cronFields) {
		return nil, fmt.Errorf("a cron expression has five fields, minute hour day month weekday, not %d", len(fields))
	}
	parser, err := cron.TryNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	if err != nil {
		return nil, fmt.Errorf("read cron expressions: %w", err)
	}
	for i, f := range cronFields {
		alone := []string{"*", "*", "*", "*", "*"}
		alone[i] = fields[i]
		if _, err := parser.Parse(strings.Join(alone, " ")); err != nil {
			return nil, fmt.Errorf("%q is not allowed as %s (%s, *, or a list, range or step of them)", fields[i], f.name, f.allowed)
		}
	}
	parsed, err := parser.Parse(strings.Join(fields, " "))
	spec, ok := parsed.(*cron.SpecSchedule)
	if err != nil || !ok {
		return nil, fmt.Errorf("%q is not a cron expression", source)
	}
	open := func(field string) bool { return field[0] == '*' || field[0] == '?' }
	s := &Schedule{
		source: "cron " + strings.Join(fields, " "), zone: zone, hours: spec.Hour, minutes: spec.Minute, elapsed: fields[1] == "*",
		days: days{month: spec.Month, date: spec.Dom, week: spec.Dow | spec.Dow>>7&1, either: !open(fields[2]) && !open(fields[4])},
	}
	if s.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, ErrNever
	}
	return s, nil
}
