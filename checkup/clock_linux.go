package checkup

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

const (
	unsynchronized = 0x40   // STA_UNSYNC
	nanoseconds    = 0x2000 // STA_NANO
	clockOffset    = time.Second
)

// clock asks the kernel whether something keeps the clock right.
func (c *checkup) clock(context.Context) []Finding {
	var t unix.Timex
	if _, err := unix.Adjtimex(&t); err != nil {
		c.notChecked("the clock: the kernel does not say whether it is synchronized")
		return nil
	}
	unit := time.Microsecond
	if t.Status&nanoseconds != 0 {
		unit = time.Nanosecond
	}
	offset := time.Duration(t.Offset) * unit
	const do = "set up NTP (Debian: chrony or systemd-timesyncd); reminders and reports go by this clock"
	switch {
	case t.Status&unsynchronized != 0:
		return []Finding{warning("clock", "the clock of this machine is not synchronized", do)}
	case offset.Abs() > clockOffset:
		return []Finding{warning("clock", fmt.Sprintf("the clock of this machine is off by %s", offset.Abs().Round(time.Millisecond)), do)}
	}
	return []Finding{ok("clock", "the clock is synchronized")}
}
