// Package traffic is what goes into a contender and what comes out of it: signed
// events, the load that sends them, and the sink that counts their actions.
package traffic

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Result is what the senders saw.
type Result struct {
	Took      time.Duration
	Latencies []time.Duration // of accepted events, sorted
	Accepted  int
	Refused   int // answered, but not with 200
	// Sent holds when each event was sent, by its place in the list; zero for
	// those that were not accepted.
	Sent []time.Time
}

// Pace is how the deliveries are sent.
type Pace struct {
	Connections int
	Limit       time.Duration // after which nothing more is sent
	// PerSecond sends at a steady rate while the connections suffice. 0 is a
	// closed loop: each connection waits for an answer, then sends again.
	PerSecond float64
}

// due returns when the delivery at i is to be sent.
func (p Pace) due(began time.Time, i int) time.Time {
	if p.PerSecond <= 0 {
		return began
	}
	return began.Add(time.Duration(float64(i) / p.PerSecond * float64(time.Second)))
}

// Load posts the deliveries over connections that are spread over the
// addresses. The client writes prepared bytes and reads only what it must: on
// few cores, a full HTTP client would take as much time as what is measured.
// After the limit nothing more is sent; what was not sent counts for nothing. At
// a steady rate, a delivery that had to wait for a connection counts from when it
// was due.
func Load(ctx context.Context, addresses []string, list []Delivery, pace Pace) (*Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	senders := make([]sender, pace.Connections)
	result := &Result{Sent: make([]time.Time, len(list))}
	var dialer net.Dialer
	for i := range senders {
		conn, err := dialer.DialContext(ctx, "tcp", addresses[i%len(addresses)])
		if err != nil {
			return nil, fmt.Errorf("connect: %w", err)
		}
		defer conn.Close()
		senders[i] = sender{conn: conn, in: bufio.NewReader(conn), list: list, pace: pace, next: &next, sent: result.Sent}
	}
	// Reads end when the time is up.
	stop := context.AfterFunc(ctx, func() {
		for _, s := range senders {
			_ = s.conn.SetDeadline(time.Unix(1, 0))
		}
	})
	defer stop()

	began := time.Now()
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			if err := senders[i].send(ctx, began); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	result.Took = time.Since(began)
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("send events: %w", err)
	}
	for _, s := range senders {
		result.Latencies = append(result.Latencies, s.latencies...)
		result.Refused += s.refused
	}
	result.Accepted = len(result.Latencies)
	slices.Sort(result.Latencies)
	return result, nil
}

// sender is one connection.
type sender struct {
	conn      net.Conn
	in        *bufio.Reader
	list      []Delivery
	pace      Pace
	next      *atomic.Int64
	sent      []time.Time // shared; each place is written by one sender
	latencies []time.Duration
	refused   int
}

func (s *sender) send(ctx context.Context, start time.Time) error {
	for {
		i := int(s.next.Add(1)) - 1
		if i >= len(s.list) {
			return nil
		}
		began, err := s.await(ctx, s.pace.due(start, i))
		if err != nil || began.Sub(start) > s.pace.Limit {
			return err
		}
		if _, err := s.conn.Write(s.list[i].Request); err != nil {
			return err
		}
		status, err := readAnswer(s.in)
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			s.refused++
			continue
		}
		s.latencies = append(s.latencies, time.Since(began))
		s.sent[i] = began
	}
}

// await waits until a delivery is due, and returns from when it counts.
func (s *sender) await(ctx context.Context, due time.Time) (time.Time, error) {
	wait := time.Until(due)
	switch {
	case s.pace.PerSecond <= 0:
		return time.Now(), nil
	case wait <= 0:
		return due, nil
	}
	select {
	case <-time.After(wait):
		return time.Now(), nil
	case <-ctx.Done():
		return time.Time{}, context.Cause(ctx)
	}
}

var errAnswer = errors.New("not an answer with a status and a length")

// readAnswer reads one HTTP/1.1 answer whose length is announced, and returns
// its status.
func readAnswer(in *bufio.Reader) (int, error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	const status = len("HTTP/1.1 ")
	if len(line) < status+3 {
		return 0, errAnswer
	}
	code, err := strconv.Atoi(string(line[status : status+3]))
	if err != nil {
		return 0, errAnswer
	}
	length := -1
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, errAnswer
			}
		}
	}
	if length < 0 {
		return 0, errAnswer
	}
	if _, err := in.Discard(length); err != nil {
		if errors.Is(err, io.EOF) {
			return 0, io.ErrUnexpectedEOF
		}
		return 0, err
	}
	return code, nil
}
