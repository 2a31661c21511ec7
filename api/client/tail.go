package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// silence is the longest time without data: the server sends a keep-alive every
// 15 seconds.
const silence = time.Minute

// longestMessage limits one message of the stream, in bytes.
const longestMessage = 1 << 20

var errSilent = fmt.Errorf("no data for %s", silence)

// Tail calls each for every new event until ctx ends, each fails or the
// connection ends. missed is called with the number of events that were skipped
// because they came faster than they were read.
func (c *Client) Tail(ctx context.Context, f event.EventFilter, each func(api.Event) error, missed func(int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer watch.Stop()
	res, err := c.send(ctx, exchange{method: http.MethodGet, address: c.at(eventQuery(f), "live", "events")}, "text/event-stream")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, longestMessage)
	name := ""
	for lines.Scan() {
		watch.Reset(silence)
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case field == "event":
			name = value
		case field == "data" && name == "event":
			var ev api.Event
			if err := json.Unmarshal([]byte(value), &ev); err != nil {
				return fmt.Errorf("%s: %w", c.base, &versionError{theirs: res.Header.Get(api.VersionHeader), ours: c.agent, cause: err})
			}
			if err := each(ev); err != nil {
				return err
			}
		case field == "data" && name == "missed":
			if n, err := strconv.Atoi(value); err == nil {
				if err := missed(n); err != nil {
					return err
				}
			}
		}
	}
	err = lines.Err()
	switch {
	case errors.Is(context.Cause(ctx), errSilent):
		err = errSilent
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		err = errors.New("the server closed the connection, as it does when it stops")
	}
	return fmt.Errorf("%s: %w: %w", c.base, ErrUnreachable, err)
}
