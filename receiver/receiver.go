package receiver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/otel/trace"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/own"
)

// DefaultPath is where Cirrus Insight posts its events.
const DefaultPath = "/webhooks/cirrus-insight"

// Sink stores an event. An error that wraps event.ErrUnavailable or comes from
// the end of ctx is answered with 503, so that the sender tries again; any
// other with 500.
type Sink interface {
	Take(ctx context.Context, ev *event.Event) (Outcome, error)
}

// Outcome is the result of an event that was stored.
type Outcome string

// The outcomes, also used as the status in the answer.
const (
	Accepted  Outcome = "accepted"
	Duplicate Outcome = "duplicate"
)

// Options configure a Receiver. The zero value of every field but Signature
// has a default.
type Options struct {
	// Path of the only route; DefaultPath when empty.
	Path string
	// Signature says how requests are signed. It needs at least one secret,
	// unless AcceptUnsigned is set.
	Signature Signature
	// AcceptUnsigned accepts every request without checking a signature.
	// Anybody who can reach the receiver can then forge events.
	AcceptUnsigned bool
	// ReplayWindow, if not 0, rejects events whose deliveryTimestamp is missing
	// or further from now than this.
	ReplayWindow time.Duration

	Limits Limits

	// Tracer makes a span for each signed event; nil makes none and costs
	// nothing.
	Tracer trace.Tracer
	// Observer is told the result of each request; nil means none.
	Observer Observer
	// Refused, if not nil, is told the reason and source of each rejected request:
	// an IPv4 address or IPv6 /64 network, invalid if it is not known. It must not
	// block.
	Refused func(reason Reason, source netip.Prefix, at time.Time)
	// Log gets a line for each rejected request, on average at most one a
	// second; nil logs nothing.
	Log *slog.Logger
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Receiver is the HTTP handler that accepts webhooks.
type Receiver struct {
	sink     Sink
	path     string
	tracer   trace.Tracer
	router   chi.Router
	verifier atomic.Pointer[verifier] // nil with AcceptUnsigned
	window   time.Duration
	limits   Limits
	gate     *gate
	backlog  backlog
	observer Observer
	refused  func(Reason, netip.Prefix, time.Time)
	journal  *journal
	now      func() time.Time
	buffers  bufferPool
}

// New checks the options and returns a Receiver that passes events to sink.
func New(o Options, sink Sink) (*Receiver, error) {
	if o.Path == "" {
		o.Path = DefaultPath
	}
	if !strings.HasPrefix(o.Path, "/") || strings.ContainsAny(o.Path, "{}*?#") {
		return nil, fmt.Errorf("%w receiver path %q: it must begin with / and contain none of {}*?#", event.ErrInvalid, o.Path)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	limits := o.Limits.Defaults()
	r := &Receiver{
		sink: sink, path: o.Path, tracer: o.Tracer, window: o.ReplayWindow, limits: limits, gate: newGate(limits), backlog: backlog{after: limits.ShedAfter},
		observer: o.Observer, refused: o.Refused, journal: newJournal(o.Log), now: o.Now, buffers: newBufferPool(),
	}
	switch {
	case o.AcceptUnsigned && len(o.Signature.Secrets) > 0:
		return nil, fmt.Errorf("%w receiver options: unsigned events cannot be accepted when there is a signing secret", event.ErrInvalid)
	case !o.AcceptUnsigned:
		v, err := newVerifier(o.Signature)
		if err != nil {
			return nil, err
		}
		r.verifier.Store(v)
	}
	r.router = chi.NewRouter()
	r.router.Post(o.Path, r.receive)
	r.router.NotFound(r.notFound)
	r.router.MethodNotAllowed(r.methodNotAllowed)
	return r, nil
}

// SetSignature replaces the signature settings and secrets for new requests.
// It reports whether they differ from the old ones. On an error nothing
// changes.
func (r *Receiver) SetSignature(s Signature) (changed bool, err error) {
	old := r.verifier.Load()
	if old == nil {
		return false, fmt.Errorf("%w receiver options: unsigned events are accepted, so there is nothing to replace", event.ErrInvalid)
	}
	v, err := newVerifier(s)
	if err != nil || reflect.DeepEqual(v.sig, old.sig) {
		return false, err
	}
	r.verifier.Store(v)
	return true, nil
}

// ServeHTTP answers one request.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodPost && req.URL.Path == r.path && req.URL.RawPath == "" {
		r.receive(w, req) // fast path, without the router
		return
	}
	r.router.ServeHTTP(w, req)
}

func (r *Receiver) receive(w http.ResponseWriter, req *http.Request) {
	began := r.now()
	if rej := r.check(req, began); rej != nil {
		r.reject(w, req, began, rej)
		return
	}
	if r.backlog.full(began) {
		r.reject(w, req, began, overloaded())
		return
	}
	visitor, rej := r.gate.enter(req.RemoteAddr)
	if rej != nil {
		r.reject(w, req, began, rej)
		return
	}
	defer visitor.leave()
	ev, kept, rej := r.read(w, req, visitor, began)
	defer func() { visitor.free(kept) }()
	if rej != nil {
		r.reject(w, req, began, rej)
		return
	}
	req, visit := r.begin(req, ev, began)
	outcome, rej := r.take(req.Context(), ev)
	if rej != nil {
		r.reject(w, req, began, rej)
		visit.rejected(rej)
		return
	}
	writeOutcome(w, ev.ID, outcome)
	visit.accepted(outcome)
	r.observeOutcome(outcome, r.now().Sub(began))
}

// check rejects what can be rejected before the body is read.
func (r *Receiver) check(req *http.Request, now time.Time) *rejection {
	if rej := checkHeader(req, r.limits.Body); rej != nil {
		return rej
	}
	if v := r.verifier.Load(); v != nil {
		if _, err := v.claim(req.Header, now); err != nil {
			return unsigned(err)
		}
	}
	return nil
}

// read returns the verified event of a request. The kept bytes of its body
// stay reserved.
func (r *Receiver) read(w http.ResponseWriter, req *http.Request, from visitor, now time.Time) (ev *event.Event, kept int64, rej *rejection) {
	buf := r.buffers.get()
	defer r.buffers.put(buf)
	held, rej := r.readBody(w, req, from, buf)
	defer func() { from.free(held - kept) }()
	if rej != nil {
		return nil, 0, rej
	}
	if v := r.verifier.Load(); v != nil {
		if err := v.verify(req.Header, buf.b, now); err != nil {
			return nil, 0, unsigned(err)
		}
	}
	// The event keeps its body, so it gets a copy.
	body := append(make([]byte, 0, len(buf.b)), buf.b...)
	ev, err := decode.Event(body)
	if err != nil {
		return nil, 0, malformed(err)
	}
	if own.Is(ev.Type) {
		return nil, 0, malformed(fmt.Errorf("events of type %s* are made by Gavel itself and cannot be sent", own.Prefix))
	}
	if r.window > 0 && distance(now, ev.DeliveryTimestamp) > r.window {
		return nil, 0, unsigned(errStale)
	}
	ev.Arrive(now)
	return ev, int64(len(body)), nil
}

// take passes the event to the sink, also when the sender disconnects
// meanwhile: its next attempt is then a duplicate.
func (r *Receiver) take(ctx context.Context, ev *event.Event) (Outcome, *rejection) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.limits.TakeTimeout)
	defer cancel()
	defer r.backlog.enter(r.now())()
	outcome, err := r.sink.Take(ctx, ev)
	switch {
	case err == nil:
		return outcome, nil
	case errors.Is(err, event.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "", unavailable(err)
	}
	return "", internal(err)
}

func distance(a, b time.Time) time.Duration { return a.Sub(b).Abs() }
