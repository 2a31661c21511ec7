package apply

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// A cursor is the place of the last event.

func cursor(p event.Place) string {
	return strconv.FormatInt(p.Received.UnixMicro(), 10) + "-" + strconv.FormatInt(p.Seq, 10)
}

func parseCursor(s string) (event.Place, error) {
	if s == "" {
		return event.Place{}, nil
	}
	at, number, found := strings.Cut(s, "-")
	received, err := strconv.ParseInt(at, 10, 64)
	seq, wrong := strconv.ParseInt(number, 10, 64)
	if !found || err != nil || wrong != nil {
		return event.Place{}, fmt.Errorf("%w cursor: use next of the answer before, or leave it out", event.ErrInvalid)
	}
	return event.Place{Received: time.UnixMicro(received), Seq: seq}, nil
}
