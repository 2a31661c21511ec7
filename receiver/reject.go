package receiver

import (
	"fmt"
	"net/http"
	"time"
)

// Reason is why a request was rejected. The set is small and fixed, so it can
// label a metric.
type Reason string

// The reasons.
const (
	ReasonNotFound        Reason = "not_found"
	ReasonMethod          Reason = "method"
	ReasonContentType     Reason = "content_type"
	ReasonContentEncoding Reason = "content_encoding"
	ReasonTooLarge        Reason = "too_large"
	ReasonTimeout         Reason = "timeout"      // the body arrived too slowly
	ReasonDisconnected    Reason = "disconnected" // the body ended early
	ReasonSignature       Reason = "signature"
	ReasonMalformed       Reason = "malformed"
	ReasonBusy            Reason = "busy"        // a limit of the receiver
	ReasonUnavailable     Reason = "unavailable" // the store could not store it now
	ReasonInternal        Reason = "internal"
)

// Reasons lists every reason, so that counters can start at 0.
func Reasons() []Reason {
	return []Reason{
		ReasonNotFound, ReasonMethod, ReasonContentType, ReasonContentEncoding, ReasonTooLarge, ReasonTimeout,
		ReasonDisconnected, ReasonSignature, ReasonMalformed, ReasonBusy, ReasonUnavailable, ReasonInternal,
	}
}

// Observer is told the result of each request and how long it took. Its
// methods are called concurrently and must not block.
type Observer interface {
	Accepted(took time.Duration)
	Duplicate(took time.Duration)
	Rejected(reason Reason, took time.Duration)
}

// rejection is what the sender, the log and the metrics are told.
type rejection struct {
	status  int
	reason  Reason
	text    string // for the sender
	err     error  // only for the log
	closing bool   // the connection cannot be used again
}

func tooLarge(limit int64) *rejection {
	return &rejection{
		status: http.StatusRequestEntityTooLarge, reason: ReasonTooLarge,
		text: fmt.Sprintf("the body is larger than %d bytes", limit), closing: true,
	}
}

func busy(text string) *rejection {
	return &rejection{
		status: http.StatusServiceUnavailable, reason: ReasonBusy, text: text + "; send it again later",
	}
}

// unsigned is the same answer for every problem with a signature, so that the
// sender does not learn which one it was.
func unsigned(err error) *rejection {
	return &rejection{
		status: http.StatusUnauthorized, reason: ReasonSignature, text: "invalid signature", err: err,
		closing: true, // always, so that it does not show whether the body was read
	}
}

func malformed(err error) *rejection {
	return &rejection{status: http.StatusBadRequest, reason: ReasonMalformed, text: err.Error()}
}

func unavailable(err error) *rejection {
	return &rejection{
		status: http.StatusServiceUnavailable, reason: ReasonUnavailable,
		text: "the event could not be stored now; send it again later", err: err,
	}
}

func internal(err error) *rejection {
	return &rejection{
		status: http.StatusInternalServerError, reason: ReasonInternal, text: "the event could not be stored", err: err,
	}
}
