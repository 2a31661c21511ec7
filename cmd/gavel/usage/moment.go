package usage

import (
	"errors"
	"time"

	"github.com/spf13/pflag"

	"github.com/gavel-rules/gavel/rules/units"
)

// Moment reads a time, a day in the zone, or an age; the zero time when
// nothing is given.
func Moment(flag, text string, now time.Time, zone *time.Location) (time.Time, error) {
	if text == "" || text == "0" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	switch ago, err := units.ParseDuration(text); {
	case err != nil || ago < 0:
	case ago == 0:
		return time.Time{}, nil
	default:
		return now.Add(-time.Duration(ago)), nil
	}
	return time.Time{}, Errorf("--%s %q: write a time such as 2026-01-31T09:30:00Z, a day such as 2026-01-31, or how long ago, such as 30d", flag, text)
}

// Ahead reads a time, a day in the zone, or how far ahead; the zero time when
// nothing is given.
func Ahead(flag, text string, now time.Time, zone *time.Location) (time.Time, error) {
	if ahead, err := units.ParseDuration(text); err == nil && ahead > 0 {
		return now.Add(time.Duration(ahead)), nil
	}
	at, err := Moment(flag, text, now, zone)
	if err != nil {
		return at, Errorf("--%s %q: write a time such as 2026-01-31T09:30:00Z, a day such as 2026-01-31, or how far ahead, such as 24h", flag, text)
	}
	return at, nil
}

// ParseMoment reads a time from a flag; empty is the zero time.
func ParseMoment(flag, value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return at, Errorf("%s %q: write a time such as 2026-03-02T09:00:00Z", flag, value)
	}
	return at, nil
}

// when is a flag value that is the text of a time; read checks it.
type when struct {
	value *string
	read  func(text string) error
}

func (w *when) String() string {
	if w.value == nil { // pflag asks the zero value
		return ""
	}
	return *w.value
}

func (w *when) Type() string { return "string" }

func (w *when) Set(s string) error {
	if err := w.read(s); err != nil {
		return err
	}
	*w.value = s
	return nil
}

var errMoment = errors.New("write a time such as 2026-01-31T09:30:00Z, a day such as 2026-01-31, or how long ago, such as 30d")

// Since adds a flag for a time in the past, which Moment reads. A wrong one is
// refused with the other flags, so that an error names the environment variable
// that it came from.
func Since(flags *pflag.FlagSet, value *string, name, help string) {
	flags.Var(&when{value, func(text string) error {
		if _, err := Moment(name, text, time.Now(), time.Local); err != nil {
			return errMoment
		}
		return nil
	}}, name, help)
}
