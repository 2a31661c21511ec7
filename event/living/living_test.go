package living_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/living"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func order(minute int, id string) living.Order {
	return living.Order{At: noon.Add(time.Duration(minute) * time.Minute), Came: noon, Event: id}
}

// changed is a state after a change of what is stored.
func changed(t *testing.T, stored json.RawMessage, do func(*living.State)) json.RawMessage {
	t.Helper()
	out, err := living.Slot{}.Change(do).Change(stored)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func claim(run string, shows living.Order, at time.Time) *living.Claim {
	return &living.Claim{Run: run, Shows: shows, Now: at, Until: at.Add(time.Minute)}
}

// TestOneClaimAtATime: another run gets the message when the claim is released or
// has ended, and knows that it may be there already.
func TestOneClaimAtATime(t *testing.T) {
	t.Parallel()
	a, b := claim("a", order(1, "e1"), noon), claim("b", order(2, "e2"), noon.Add(time.Second))
	state := changed(t, nil, a.Take)
	if state = changed(t, state, b.Take); !a.Taken || b.Taken || !a.From.IsZero() {
		t.Fatalf("a %v, b %v, from %v", a.Taken, b.Taken, a.From)
	}
	b.Now = noon.Add(2 * time.Minute)
	b.Until = b.Now.Add(time.Minute)
	if state = changed(t, state, b.Take); !b.Taken || !b.From.Equal(noon) || !b.To.Equal(noon.Add(time.Minute)) {
		t.Fatalf("b %v, tries from %v to %v", b.Taken, b.From, b.To)
	}
	state = changed(t, state, b.Show(json.RawMessage(`1`), b.Now))
	// The first comes back: it is too late to show its state, and to say where it is.
	a.Now = noon.Add(3 * time.Minute)
	state = changed(t, state, a.Take)
	state = changed(t, state, a.Show(json.RawMessage(`2`), a.Now))
	if got := living.Read(state); a.Taken || string(got.Where) != `1` || got.Shows.Event != "e2" || !got.From.IsZero() {
		t.Errorf("a %v, %+v", a.Taken, got)
	}
}

// TestARepeatedClaimIsTheSame: a commit whose answer is lost is stored again.
func TestARepeatedClaimIsTheSame(t *testing.T) {
	t.Parallel()
	a := claim("a", order(1, "e1"), noon)
	once := changed(t, nil, a.Take)
	if twice := changed(t, once, a.Take); string(once) != string(twice) || !a.Taken {
		t.Errorf("%s, again %s", once, twice)
	}
	state := changed(t, once, a.Release(noon, noon.Add(time.Minute)))
	b := claim("b", order(0, "e0"), noon.Add(time.Second))
	if changed(t, state, b.Take); !b.Taken || !b.From.Equal(noon) {
		t.Errorf("after a failure: %v, tries from %v", b.Taken, b.From)
	}
}

func TestALostMessageHasAnotherNumber(t *testing.T) {
	t.Parallel()
	a, b := claim("a", order(1, "e1"), noon), claim("b", order(2, "e2"), noon)
	state := changed(t, changed(t, nil, a.Take), a.Show(json.RawMessage(`1`), noon))
	state = changed(t, state, b.Take)
	state = changed(t, state, b.Lose)
	if got := living.Read(state); !b.Taken || got.Where != nil || got.Number != 1 || !b.From.IsZero() {
		t.Errorf("%v %+v", b.Taken, got)
	}
	c := claim("c", order(3, "e3"), noon)
	if changed(t, state, c.Lose); c.Taken {
		t.Error("a run that has not claimed it has lost it")
	}
}

func TestOrderOfEvents(t *testing.T) {
	t.Parallel()
	later := order(1, "e3")
	later.Came = noon.Add(time.Second)
	for _, x := range []struct {
		a, b living.Order
		want bool
	}{
		{order(1, "e1"), order(2, "e2"), true}, {order(2, "e2"), order(1, "e1"), false},
		{order(1, "e1"), later, true}, {later, order(1, "e1"), false}, {order(1, "e1"), order(2, "e1"), false},
	} {
		if got := x.a.Before(x.b); got != x.want {
			t.Errorf("%+v before %+v: %v", x.a, x.b, got)
		}
	}
}

// TestStatesTakeNoRoomOfMemory: rules can remember as many names as without.
func TestStatesTakeNoRoomOfMemory(t *testing.T) {
	t.Parallel()
	key, name := event.LivingMemory("rule", "action", "m-1")
	stored := []event.Remembered{{Key: key, Name: name, Kind: event.MemoryLiving, Value: json.RawMessage(`{}`)}}
	var changes []event.Remember
	for i := range event.MaxMemoryNames {
		changes = append(changes, event.Remember{Key: key, Name: string(rune('a' + i)), Kind: "text", Change: func(json.RawMessage) (json.RawMessage, error) {
			return json.RawMessage(`"x"`), nil
		}})
	}
	if err := event.FitsMemory(stored, changes, noon); err != nil || !stored[0].Hidden() {
		t.Errorf("hidden %v: %v", stored[0].Hidden(), err)
	}
}
