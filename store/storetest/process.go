package storetest

import (
	"errors"
	"time"

	"github.com/gavel-rules/gavel/event"
)

func processTests() map[string]func(*world) {
	return map[string]func(*world){
		"a closed store is opened again":        reopens,
		"closing twice is closing once":         closesTwice,
		"two processes see one database":        twoProcesses,
		"a closed store answers unavailable":    closedAnswers,
		"what is queued is finished on closing": closeFinishes,
	}
}

func reopens(w *world) {
	three(w)
	w.claim("dead", 3)
	w.must(w.Close())
	w.Store = w.db(w.T)
	w.equal("the lease is kept", w.claim("me", 3), "")
	w.equal("the run goes on after it", w.claim("me", 4), "1")
	w.equal("numbers go on", w.accept(w.scheduled("e4", "m1", 5)).Seq > 3, true)
	w.equal("a repeat is a repeat", w.accept(w.scheduled("e1", "m1", 0)).Duplicate, true)
}

func closesTwice(w *world) {
	w.must(w.Close())
	w.must(w.Close())
}

func twoProcesses(w *world) {
	other := w.db(w.T)
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev, plan(ev, "1"))
	runs, err := other.Claim(w.Context(), "you", at(1), at(2), 10)
	w.must(err)
	w.equal("claimed elsewhere", ids(runs), "1")
	w.equal("not here", w.claim("me", 1), "")
	w.must(other.CancelRun(w.Context(), "1", at(1), "there"))
	w.equal("seen here", w.state("1"), "canceled 0 there")
	second := w.scheduled("e2", "m1", 1)
	receipt, err := other.Accept(w.Context(), event.Acceptance{Event: second, Now: at(1)})
	w.must(err)
	third := w.accept(w.scheduled("e3", "m1", 2))
	w.equal("one order", third.Seq > receipt.Seq, true)
}

func closedAnswers(w *world) {
	w.must(w.Close())
	_, err := w.Accept(w.Context(), event.Acceptance{Event: w.scheduled("e1", "m1", 0), Now: at(0)})
	if !errors.Is(err, event.ErrUnavailable) {
		w.Errorf("accept: got %v, want ErrUnavailable", err)
	}
	if _, err := w.Claim(w.Context(), "me", at(0), at(1), 1); !errors.Is(err, event.ErrUnavailable) {
		w.Errorf("claim: got %v, want ErrUnavailable", err)
	}
}

func closeFinishes(w *world) {
	var stored []string
	answers := make(chan string, crowd)
	together(crowd+1, func(i int) {
		if i == crowd {
			if err := w.Close(); err != nil {
				w.Error(err)
			}
			return
		}
		ev := w.scheduled("e"+time.Duration(i).String(), "", 0)
		_, err := w.Accept(w.Context(), event.Acceptance{Event: ev, Now: at(0)})
		switch {
		case err == nil:
			answers <- ev.ID
		case !errors.Is(err, event.ErrUnavailable):
			w.Error(err)
		}
	})
	close(answers)
	for id := range answers {
		stored = append(stored, id)
	}
	w.Store = w.db(w.T)
	for _, id := range stored {
		if _, err := w.Event(w.Context(), id); err != nil {
			w.Errorf("acknowledged but lost: %v", err)
		}
	}
}
