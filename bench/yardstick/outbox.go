package yardstick

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	posters     = 8
	outboxBatch = 100
	postTimeout = 10 * time.Second
	firstPause  = 100 * time.Millisecond // between tries of one letter
	longestWait = 30 * time.Second
)

// letter is one row of an outbox.
type letter struct {
	id      int64
	event   string
	payload []byte
}

// outbox is a table of letters that are still to be posted.
type outbox interface {
	// unsent returns the oldest letters.
	unsent(ctx context.Context, limit int) ([]letter, error)
	// sent takes a letter out.
	sent(ctx context.Context, id int64) error
}

// payload is what the rule sends.
func (n *notice) payload() ([]byte, error) {
	return json.Marshal(map[string]any{"name": n.Meeting.Info.Name, "start": n.Meeting.Start})
}

// dispatcher posts the letters of an outbox: each at least once, and those that
// an earlier process left first.
type dispatcher struct {
	box    outbox
	sink   string
	wake   chan struct{} // holds a token when there may be new letters
	client *http.Client

	mu       sync.Mutex
	underway map[int64]bool
}

func newDispatcher(box outbox, sink string) *dispatcher {
	transport := &http.Transport{MaxIdleConnsPerHost: posters}
	return &dispatcher{
		box: box, sink: sink, wake: make(chan struct{}, 1), underway: map[int64]bool{},
		client: &http.Client{Transport: transport, Timeout: postTimeout},
	}
}

// notify says that a letter was committed.
func (d *dispatcher) notify() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// run posts until ctx ends.
func (d *dispatcher) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	letters := make(chan letter)
	var working sync.WaitGroup
	for range posters {
		working.Go(func() {
			for l := range letters {
				if err := d.deliver(ctx, l); err != nil {
					cancel(err)
				}
			}
		})
	}
	err := d.read(ctx, letters)
	close(letters)
	working.Wait()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (d *dispatcher) read(ctx context.Context, to chan<- letter) error {
	for {
		// Before the look, so that a letter which is sent meanwhile is not sent
		// again.
		d.mu.Lock()
		known := maps.Clone(d.underway)
		d.mu.Unlock()
		list, err := d.box.unsent(ctx, outboxBatch+len(known))
		if err != nil {
			return fmt.Errorf("read the outbox: %w", err)
		}
		found := 0
		for _, l := range list {
			if known[l.id] {
				continue
			}
			d.mark(l.id, true)
			select {
			case to <- l:
				found++
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		if found >= outboxBatch {
			continue
		}
		select {
		case <-d.wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (d *dispatcher) mark(id int64, underway bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if underway {
		d.underway[id] = true
	} else {
		delete(d.underway, id)
	}
}

// deliver tries until the letter has arrived.
func (d *dispatcher) deliver(ctx context.Context, l letter) error {
	for pause := firstPause; ; pause = min(2*pause, longestWait) {
		if d.post(ctx, l) == nil {
			err := d.box.sent(ctx, l.id)
			d.mark(l.id, false)
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (d *dispatcher) post(ctx context.Context, l letter) error {
	target := d.sink + "/actions?event=" + url.QueryEscape(l.event)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(l.payload))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", l.event)
	res, err := d.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body) // so that the connection can be used again
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("status %d", res.StatusCode)
	}
	return nil
}

// routes are those of a receiver with an outbox: keep returns once the event is
// on disk, left counts the letters that are still to be posted.
func routes(secret []byte, keep func(context.Context, *notice, []byte) error, left func(context.Context) (int, error)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/ready", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /-/left", func(w http.ResponseWriter, r *http.Request) {
		n, err := left(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, n)
	})
	mux.HandleFunc("POST "+receiverPath, func(w http.ResponseWriter, r *http.Request) {
		ev, body, ok := receive(w, r, secret)
		if !ok {
			return
		}
		if err := keep(r.Context(), ev, body); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		answer(w, ev.ID)
	})
	return mux
}
