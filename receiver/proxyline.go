package receiver

import (
	"bytes"
	"errors"
	"strings"
	"time"
)

// notHTTP is the complete response to a connection that begins with a header of
// the PROXY protocol.
const notHTTP = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 105\r\n\r\n" +
	`{"error":"the PROXY protocol is not supported; turn it off at the load balancer and use X-Forwarded-For"}`

// errProxyProtocol ends such a connection.
var errProxyProtocol = errors.New("the connection begins with a header of the PROXY protocol")

// speaksProxy reports whether the first bytes of a connection are those of the
// PROXY protocol, version 1 or 2.
func speaksProxy(first []byte) bool {
	return bytes.HasPrefix(first, []byte("PROXY TCP")) || bytes.HasPrefix(first, []byte("PROXY UNKNOWN")) ||
		strings.HasPrefix(string(first), "\r\n\r\n\x00\r\nQUIT\n")
}

// refuseProxy answers and logs a connection that speaks the PROXY protocol.
func (c *limitedConn) refuseProxy() error {
	_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = c.Conn.Write([]byte(notHTTP)) // a load balancer may have gone
	c.refused.Store(true)                // net/http answers a read error with a text of its own
	if c.proxied != nil {
		c.proxied(c.RemoteAddr())
	}
	return errProxyProtocol
}
