package ledger_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/store/internal/ledger"
)

func TestTimes(t *testing.T) {
	t.Parallel()
	check := func(in, want time.Time) {
		t.Helper()
		if got := ledger.Time(ledger.Micros(in)); !got.Equal(want) {
			t.Errorf("%v came back as %v, want %v", in, got, want)
		}
	}
	noon := time.Date(2026, 5, 4, 12, 0, 0, 123456789, time.UTC)
	check(time.Time{}, time.Time{})
	check(noon, noon.Truncate(time.Microsecond))
	check(noon.In(time.FixedZone("east", 7200)), noon.Truncate(time.Microsecond))
}

func TestClean(t *testing.T) {
	t.Parallel()
	check := func(in, want string) {
		t.Helper()
		if got := ledger.Clean(in); got != want {
			t.Errorf("Clean(%q) is %q, want %q", in, got, want)
		}
	}
	check("", "")
	check("Grüße, 世界", "Grüße, 世界")
	check("a\x00b", "a\uFFFDb")
	check("a\xff\xfeb", "a\uFFFDb")
}

func TestLanes(t *testing.T) {
	t.Parallel()
	for _, lanes := range [][]string{nil, {"m\x1fslack"}, {"m\x1fslack", "m\x1fcrm"}} {
		text, _ := ledger.EncodeLanes(lanes).(string)
		if diff := cmp.Diff(lanes, ledger.DecodeLanes(text)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}
