package receiver

import (
	"log/slog"
	"net/http"
	"time"
)

// NewServer returns the HTTP server for a public address: it bounds how long
// and how large a header may be, and how long a connection may idle. Faults of
// single connections go to log at debug level, because anybody can cause them.
func NewServer(addr string, h http.Handler, log *slog.Logger) *http.Server {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &http.Server{
		Addr: addr, Handler: endChunked(h),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second, // also ends the draining of a refused body
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// endChunked ends the connection after a request whose body comes in chunks. It
// may have had a Content-Length as well, which net/http takes away in silence
// and a proxy in front may have believed: what follows on the connection would
// then be read differently by the two (RFC 9112, section 6.3).
func endChunked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if len(req.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, req)
	})
}
