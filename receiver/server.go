package receiver

import (
	"log/slog"
	"net/http"
	"time"
)

// NewServer returns an HTTP server for a public address: it limits the time and
// size of headers and how long a connection may idle. Connection errors are
// logged at debug level, because anybody can cause them.
func NewServer(addr string, h http.Handler, log *slog.Logger) *http.Server {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &http.Server{
		Addr: addr, Handler: endChunked(h),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second, // also limits draining a rejected body
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// endChunked closes the connection after a chunked request, against request
// smuggling: if it had a Content-Length too, net/http drops that silently while
// a proxy in front may have used it (RFC 9112, section 6.3).
func endChunked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if len(req.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, req)
	})
}
