package event

import "time"

// TimeText formats a time for reasons and messages, as in
// "2026-03-02 09:00:00 UTC".
func TimeText(t time.Time) string {
	var buf [32]byte
	// The time package is fast for this form, and every wait says a time.
	out := t.UTC().AppendFormat(buf[:0], time.RFC3339)
	if len(out) != len("2006-01-02T15:04:05Z") {
		return t.UTC().Format("2006-01-02 15:04:05 MST")
	}
	out[len("2006-01-02")] = ' '
	return string(append(out[:len(out)-1], " UTC"...))
}
