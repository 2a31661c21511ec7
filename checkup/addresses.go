package checkup

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
)

// addresses says whether both addresses are free, or held by a Gavel.
func (c *checkup) addresses(ctx context.Context) []Finding {
	serving := c.alive(ctx)
	look := func(code, flag, address string) Finding {
		l, err := net.Listen("tcp", address)
		switch {
		case err == nil:
			_ = l.Close() // nobody has connected
			return ok(code, address+" is free")
		case errors.Is(err, syscall.EADDRINUSE) && serving:
			return ok(code, address+" is held, and a Gavel answers on the console address")
		case errors.Is(err, syscall.EADDRINUSE):
			return problem(code, address+" is held by another program", "stop that, or choose another address with "+flag)
		case errors.Is(err, os.ErrPermission):
			return problem(code, address+" is not allowed for this user", "use a port from 1024 on, or socket activation by systemd")
		}
		return problem(code, fmt.Sprintf("%s cannot be used: %v", address, innermost(err)), "correct "+flag)
	}
	return []Finding{look("address-events", "--listen", c.Listen), look("address-console", "--console", c.Console)}
}

// alive reports whether a Gavel answers on the console address.
func (c *checkup) alive(ctx context.Context) bool {
	host, port, err := net.SplitHostPort(c.Console)
	if err != nil {
		return false
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/-/healthy", http.NoBody)
	if err != nil {
		return false
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func innermost(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
