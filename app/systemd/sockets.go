package systemd

import (
	"fmt"
	"net"

	"github.com/coreos/go-systemd/v22/activation"
)

// Sockets are the sockets that the manager has opened for Gavel; nil where it
// has opened none.
type Sockets struct{ Events, Console net.Listener }

// TakeSockets returns the sockets that were passed to this process. Their names
// say what they are for; one without a name is for events.
func TakeSockets() (Sockets, error) {
	passed, err := activation.ListenersWithNames()
	if err != nil {
		return Sockets{}, fmt.Errorf("sockets of systemd: %w", err)
	}
	var s Sockets
	for name, listeners := range passed {
		at := &s.Events
		switch name {
		case "events", "gavel.socket", "LISTEN_FD_3", "unknown":
		case "console":
			at = &s.Console
		default:
			return s, fmt.Errorf("systemd passes a socket named %q: set FileDescriptorName=events, or console, in its unit", name)
		}
		if len(listeners) > 1 || *at != nil {
			return s, fmt.Errorf("systemd passes several sockets named %q: Gavel listens on one for events and one for the console", name)
		}
		if *at = listeners[0]; (*at).Addr().Network() != "tcp" {
			return s, fmt.Errorf("systemd passes the socket %q of type %s: use ListenStream= with a port", name, (*at).Addr().Network())
		}
	}
	return s, nil
}
