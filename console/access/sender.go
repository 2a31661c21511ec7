package access

import (
	"net"
	"net/http"
)

// ByPage says in the history of a run who changed it, as far as that is known.
func ByPage(r *http.Request) string { return "in the console from " + sender(r) }

// ByAPI is ByPage for a request to the API.
func ByAPI(r *http.Request) string { return "over the API from " + sender(r) }

// sender returns the address that a request came from, without its port.
func sender(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}
