package gate

import (
	"fmt"
	"testing"
	"time"
)

// TestHostsAreBounded: addresses may hold what a stranger wrote, so there may be
// any number of hosts.
func TestHostsAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	g := New(func() time.Time { return now }, nil)
	busy := g.host("busy.example")
	if e := busy.Enter("rule/action", nil); e.Admission == nil {
		t.Fatal("it is not admitted")
	}
	for i := range 10 * maxHosts {
		now = now.Add(time.Second)
		h := g.host(fmt.Sprintf("h%d.example", i))
		if i%2 == 0 {
			h.Pause(time.Hour) // what is known of it is forgotten late
		}
	}
	if n := len(g.hosts); n > maxHosts {
		t.Errorf("%d hosts are remembered, want at most %d", n, maxHosts)
	}
	if g.host("busy.example") != busy {
		t.Error("a host with a call under way was forgotten")
	}
	if newest := g.host(fmt.Sprintf("h%d.example", 10*maxHosts-2)); newest.idle() {
		t.Error("the newest pause was forgotten first")
	}
}
