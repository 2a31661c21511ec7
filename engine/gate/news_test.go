package gate_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/engine/gate"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// TestNews: what changes at a destination is told once, however many runs find
// it closed.
func TestNews(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []gate.NewsKind
		all := gate.New(time.Now, func(n gate.News) {
			if n.Destination != "connection crm" || n.Reason == "" != (n.Kind == gate.Recovered) {
				t.Errorf("%+v", n)
			}
			told = append(told, n.Kind)
		})
		b := bench{T: t, all: all, to: all.To(&rules.Connection{Name: "crm", Limits: rules.Limits{MaxInFlight: 1}}, nil)}
		want := func(kinds ...gate.NewsKind) {
			t.Helper()
			if diff := cmp.Diff(kinds, told); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
			told = nil
		}
		crowd := func() {
			for range 300 {
				b.to.Enter("a", nil)
			}
		}
		b.fail("a", event.CauseServer, 10)
		crowd()
		want(gate.Failing)
		time.Sleep(time.Minute)
		b.fail("a", event.CauseServer, 1) // it still fails: no news
		time.Sleep(time.Minute)
		b.enter("a").Leave(nil)
		want(gate.Recovered)
		b.enter("a").Leave(nil)
		want()
		b.to.Pause(time.Minute)
		b.to.Pause(2 * time.Minute)
		crowd()
		want(gate.Asked)
		time.Sleep(3 * time.Minute)
		b.to.Pause(time.Minute)
		want(gate.Asked)
		time.Sleep(2 * time.Minute)
		one := b.enter("a")
		resumed := func(a *gate.Admission) {
			if a != nil {
				a.Return()
			}
		}
		for range 300 {
			b.to.Enter("a", resumed)
		}
		want(gate.Holding)
		time.Sleep(9 * time.Minute)
		b.to.Enter("a", resumed)
		want()
		time.Sleep(2 * time.Minute)
		b.to.Enter("a", resumed)
		want(gate.Holding)
		one.Return()
		synctest.Wait()
	})
}
