package receiver

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// checkHeader rejects a body by its headers: type, encoding and length.
func checkHeader(req *http.Request, limit int64) *rejection {
	if !isJSON(req.Header.Get("Content-Type")) {
		return &rejection{
			status: http.StatusUnsupportedMediaType, reason: ReasonContentType,
			text: "the content type must be application/json",
		}
	}
	if e := req.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return &rejection{
			status: http.StatusUnsupportedMediaType, reason: ReasonContentEncoding,
			text: "the body must be sent uncompressed, without a content encoding",
		}
	}
	if req.ContentLength > limit {
		return tooLarge(limit)
	}
	return nil
}

// isJSON ignores the charset: JSON is always UTF-8, and anything else fails
// when the event is decoded.
func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	return media == "application/json" ||
		strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
}

const (
	firstRead  = 4 << 10  // events are about half of that
	keptBuffer = 16 << 10 // a larger buffer is not worth keeping
)

// readBody fills buf. It returns the number of bytes it reserved, also on an
// error. Memory is reserved as the body arrives, not by Content-Length, which
// costs the sender nothing.
func (r *Receiver) readBody(w http.ResponseWriter, req *http.Request, v visitor, buf *buffer) (held int64, rej *rejection) {
	limit := r.limits.Body
	src := req.Body
	if req.ContentLength < 0 {
		src = http.MaxBytesReader(w, src, limit)
	}
	conn := http.NewResponseController(w)
	began := time.Now()
	// An in-memory recorder has no deadlines and needs none.
	deadlines := conn.SetReadDeadline(r.limits.due(began, 0)) == nil

	held = int64(cap(buf.b))
	if rej := v.reserve(held); rej != nil {
		return 0, rej
	}
	for {
		if len(buf.b) == cap(buf.b) {
			more := max(512, min(int64(cap(buf.b)), limit+1-int64(cap(buf.b))))
			if rej := v.reserve(more); rej != nil {
				return held, rej
			}
			held += more
			buf.grow(int(more))
		}
		n, err := src.Read(buf.b[len(buf.b):cap(buf.b)])
		buf.b = buf.b[:len(buf.b)+n]
		if int64(len(buf.b)) > limit {
			return held, tooLarge(limit)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return held, unread(err, limit)
		}
		if deadlines {
			_ = conn.SetReadDeadline(r.limits.due(began, len(buf.b)))
		}
	}
	if deadlines {
		// Otherwise the deadline would end the connection while the event is
		// being stored.
		_ = conn.SetReadDeadline(time.Time{})
	}
	return held, nil
}

func unread(err error, limit int64) *rejection {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &rejection{
			status: http.StatusRequestTimeout, reason: ReasonTimeout,
			text: "the body did not arrive in time", closing: true,
		}
	}
	return &rejection{
		status: http.StatusBadRequest, reason: ReasonDisconnected,
		text: "the body ended early or its transfer encoding is broken", closing: true,
	}
}

type buffer struct{ b []byte }

func (b *buffer) grow(n int) {
	b.b = append(make([]byte, 0, cap(b.b)+n), b.b...)
}

// bufferPool reuses buffers for bodies that are not verified yet.
type bufferPool struct{ pool *sync.Pool }

func newBufferPool() bufferPool {
	return bufferPool{&sync.Pool{New: func() any { return &buffer{b: make([]byte, 0, firstRead)} }}}
}

func (p bufferPool) get() *buffer {
	b, ok := p.pool.Get().(*buffer)
	if !ok {
		b = &buffer{b: make([]byte, 0, firstRead)}
	}
	return b
}

func (p bufferPool) put(b *buffer) {
	if cap(b.b) <= keptBuffer {
		b.b = b.b[:0]
		p.pool.Put(b)
	}
}
