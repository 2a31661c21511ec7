package main

import (
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/rules"
)

// parseKeep reads a time such as 90d; 0 means for ever.
func parseKeep(s string) (time.Duration, error) {
	if s == "0" || s == "" {
		return 0, nil
	}
	d, err := rules.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, usageError{fmt.Errorf("--keep: %q is not a time such as 90d", s)}
	}
	return time.Duration(d), nil
}
