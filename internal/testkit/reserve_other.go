//go:build !linux

package testkit

import (
	"io"
	"net"
)

// reserve returns a loopback address that nobody listens on. Here nothing can
// keep others from taking it before it is used, as Linux does.
func reserve() (address string, held io.Closer, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	return l.Addr().String(), io.NopCloser(nil), l.Close()
}
