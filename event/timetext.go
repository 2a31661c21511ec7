package event

import "time"

// TimeText formats a time for reasons and messages, as in
// "2026-03-02 09:00:00 UTC".
func TimeText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }
