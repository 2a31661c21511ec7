package words

import (
	"strconv"

	"github.com/gavel-rules/gavel/api"
)

// ConnectionWord says how a connection is.
func ConnectionWord(s api.ConnectionState) string {
	switch s {
	case api.ConnectionNew:
		return "Not called yet"
	case api.ConnectionWorking:
		return "Working"
	case api.ConnectionFailing:
		return "Failing"
	case api.ConnectionTried:
		return "Being tried again"
	case api.ConnectionAsked:
		return "Asked us to wait"
	}
	return string(s)
}

// Millis returns a length in milliseconds in words, such as "190 ms" or "2.5 s".
func Millis(ms int) string {
	switch {
	case ms == 0:
		return "–"
	case ms < 1000:
		return strconv.Itoa(ms) + " ms"
	case ms < 10_000:
		return strconv.FormatFloat(float64(ms)/1000, 'f', 1, 64) + " s"
	}
	return Number(ms/1000) + " s"
}
