package receiver

import (
	"testing"
	"time"
)

// TestBodiesKeepARate: after its grace a body arrives at the least rate, and
// within ReadTimeout whatever its rate.
func TestBodiesKeepARate(t *testing.T) {
	t.Parallel()
	l := Limits{ReadTimeout: 9 * time.Second, MinRate: 1000}.Defaults()
	began := time.Unix(1_800_000_000, 0)
	for received, want := range map[int]time.Duration{
		0: 3 * time.Second, 500: 3500 * time.Millisecond, 4000: 7 * time.Second, 6000: 9 * time.Second, 1 << 20: 9 * time.Second,
	} {
		if got := l.due(began, received).Sub(began); got != want {
			t.Errorf("with %d bytes the next are due after %s, want %s", received, got, want)
		}
	}
}
