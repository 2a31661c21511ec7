// Package units reads and writes durations and sizes as in rules: 1h30m, 2d,
// 64KiB.
package units

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Duration is a duration as written in a rules file: "90s", "2h", "1h30m",
// "3d", "1w". A day has 24 hours.
type Duration time.Duration

// String writes the duration in the largest units that fit.
func (d Duration) String() string {
	const day = 24 * time.Hour
	t := time.Duration(d)
	switch {
	case t != 0 && t%(7*day) == 0:
		return strconv.FormatInt(int64(t/(7*day)), 10) + "w"
	case t != 0 && t%day == 0:
		return strconv.FormatInt(int64(t/day), 10) + "d"
	}
	s := t.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText writes the duration as in a rules file.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText parses a duration.
func (d *Duration) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDuration(string(text))
	return err
}

var longUnits = regexp.MustCompile(`(\d+(?:\.\d+)?)([dw])`)

var errDuration = errors.New("not a duration such as 90s, 15m, 2h, 3d or 1w")

// ParseDuration parses a Duration. It accepts what time.ParseDuration accepts,
// and the units d and w.
func ParseDuration(s string) (Duration, error) {
	hours := longUnits.ReplaceAllStringFunc(strings.TrimSpace(s), func(part string) string {
		n, err := strconv.ParseFloat(part[:len(part)-1], 64)
		if err != nil {
			return part // too large, which time.ParseDuration says
		}
		per := 24.0
		if part[len(part)-1] == 'w' {
			per = 7 * 24
		}
		return strconv.FormatFloat(n*per, 'f', -1, 64) + "h"
	})
	d, err := time.ParseDuration(hours)
	if err != nil {
		return 0, fmt.Errorf("%q is %w", s, errDuration)
	}
	return Duration(d), nil
}

// Size is a number of bytes, written as "256KiB", "1MB" or "4096".
type Size int64

// String writes the size in binary units.
func (s Size) String() string {
	if s < 0 {
		return strconv.FormatInt(int64(s), 10)
	}
	return humanize.IBytes(uint64(s))
}

// MarshalText writes the size as in a rules file.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

var errSize = errors.New("not a size such as 512, 256KiB or 1MB")

// ParseSize parses a Size.
func ParseSize(s string) (Size, error) {
	n, err := humanize.ParseBytes(s)
	if err != nil || n > math.MaxInt64 {
		return 0, fmt.Errorf("%q is %w", s, errSize)
	}
	return Size(n), nil
}
