package refusals_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/receiver/refusals"
)

// kept is a store that may be away.
type kept struct {
	list  []event.Refusal
	calls int
	err   error
}

// AddRefusals implements refusals.Store.
func (k *kept) AddRefusals(_ context.Context, list []event.Refusal, _ time.Time) error {
	k.calls++
	if k.err == nil {
		k.list = append(k.list, list...)
	}
	return k.err
}

func at(second int) time.Time { return time.Date(2026, 5, 4, 9, 0, second, 0, time.UTC) }

func setup() (*refusals.Counter, *kept) {
	k := &kept{}
	return refusals.New(k, slog.New(slog.DiscardHandler), func() time.Time { return at(0) }), k
}

// TestRefusedRequestsAreStoredTogether, and none is lost while the database is
// away.
func TestRefusedRequestsAreStoredTogether(t *testing.T) {
	t.Parallel()
	c, k := setup()
	one, network := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("2001:db8::/64")
	c.Refused("signature", one, at(1))
	c.Refused("signature", one, at(2))
	c.Refused("busy", network, at(2))
	c.Refused("busy", netip.Prefix{}, at(2))
	if k.calls > 0 {
		t.Error("a refused request wrote to the database")
	}
	k.err = errors.New("away")
	c.Flush(t.Context())
	c.Refused("signature", one, at(3))
	k.err = nil
	c.Flush(t.Context())
	c.Flush(t.Context())
	slices.SortFunc(k.list, func(a, b event.Refusal) int { return cmp.Compare(a.Source, b.Source) })
	want := []event.Refusal{
		{Reason: "busy", Count: 1, First: at(2), Last: at(2)},
		{Reason: "signature", Source: "192.0.2.1", Count: 3, First: at(1), Last: at(3)},
		{Reason: "busy", Source: "2001:db8::/64", Count: 1, First: at(2), Last: at(2)},
	}
	if diff := gocmp.Diff(want, k.list); diff != "" || k.calls != 2 {
		t.Errorf("%d calls\n%s", k.calls, diff)
	}
}

// TestManyAddressesOfOneNetwork leave room for others.
func TestManyAddressesOfOneNetwork(t *testing.T) {
	t.Parallel()
	c, k := setup()
	for i := range 5000 {
		c.Refused("signature", netip.MustParsePrefix(fmt.Sprintf("10.9.%d.%d/32", i/250, i%250)), at(1))
	}
	c.Refused("signature", netip.MustParsePrefix("192.0.2.1/32"), at(1))
	for i := range 5000 {
		c.Refused("signature", netip.MustParsePrefix(fmt.Sprintf("172.%d.%d.1/32", i/250, i%250)), at(1))
	}
	c.Flush(t.Context())
	sum, honest := int64(0), false
	for _, r := range k.list {
		sum += r.Count
		honest = honest || r.Source == "192.0.2.1"
	}
	if sum != 10001 || !honest || len(k.list) > 257 {
		t.Errorf("%d requests in %d rows, the honest one named: %v", sum, len(k.list), honest)
	}
}
