package listen

import (
	"fmt"
	"net"
)

// Bind returns the given listener or, if it is nil, one on an address; what
// names it in errors.
func Bind(given net.Listener, address, what string) (net.Listener, error) {
	if given != nil {
		return given, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for %s on %q: %w", what, address, err)
	}
	return l, nil
}
