package testkit

import (
	"testing"
	"time"
)

const (
	// patience is how long a condition may take to come true. It is above
	// what is normal by far, so that a busy machine does not fail a test; the
	// longest normal wait is that for the lease of a killed process (30s).
	patience = 90 * time.Second
	pollEach = 20 * time.Millisecond
)

// Eventually polls until done returns true; it fails the test with what when
// that takes unreasonably long.
func Eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	if !poll(t, nil, done) {
		t.Fatalf("waited %v in vain: %s", patience, what)
	}
}

// Awaited is Eventually without a failure: it reports whether done came true.
func Awaited(t testing.TB, done func() bool) bool { return poll(t, nil, done) }

// poll asks done again and again. It returns false when patience or the test
// ends, or quit is closed.
func poll(t testing.TB, quit <-chan struct{}, done func() bool) bool {
	limit := time.NewTimer(patience)
	defer limit.Stop()
	tick := time.NewTicker(pollEach)
	defer tick.Stop()
	for {
		if done() {
			return true
		}
		select {
		case <-tick.C:
		case <-quit:
			return false
		case <-limit.C:
			return false
		case <-t.Context().Done():
			return false
		}
	}
}

// FreeAddresses returns n loopback addresses for programs of this test to
// listen on. Nobody else gets them before the test ends.
func FreeAddresses(t testing.TB, n int) []string {
	t.Helper()
	addresses := make([]string, 0, n)
	for range n {
		address, held, err := reserve()
		if err != nil {
			t.Fatalf("reserve a port: %v", err)
		}
		t.Cleanup(func() { _ = held.Close() })
		addresses = append(addresses, address)
	}
	return addresses
}
