package serve

import (
	"time"

	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/watchdog"
)

// parseKeep reads a time such as 90d; 0 means forever.
func parseKeep(s string) (time.Duration, error) {
	if s == "0" || s == "" {
		return 0, nil
	}
	d, err := units.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, usage.Errorf("--keep: %q is not a time such as 90d", s)
	}
	return time.Duration(d), nil
}

// parseExpect reads how often an event is expected.
func parseExpect(s string) (time.Duration, error) {
	switch s {
	case "auto", "":
		return 0, nil
	case "off":
		return watchdog.Off, nil
	}
	d, err := units.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, usage.Errorf("--expect-event-every: %q is neither auto, off nor a time such as 24h or 3d", s)
	}
	return time.Duration(d), nil
}
