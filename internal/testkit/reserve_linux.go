package testkit

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// reserve returns a loopback address that nobody else is given until held is
// closed. A program can listen on it all the same: the socket is bound and
// does not listen, so the kernel leaves its port out when it chooses one, and
// lets a listener that asks for it have it.
func reserve() (address string, held io.Closer, err error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", nil, os.NewSyscallError("socket", err)
	}
	socket := os.NewFile(uintptr(fd), "reserved port")
	defer func() {
		if err != nil {
			_ = socket.Close() // what went wrong is known
		}
	}()
	// With this option, which Go's listeners have too, the port can be shared.
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return "", nil, os.NewSyscallError("setsockopt", err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return "", nil, os.NewSyscallError("bind", err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		return "", nil, os.NewSyscallError("getsockname", err)
	}
	v4, ok := bound.(*syscall.SockaddrInet4)
	if !ok {
		return "", nil, fmt.Errorf("the reserved port has an address of another family: %T", bound)
	}
	return fmt.Sprintf("127.0.0.1:%d", v4.Port), socket, nil
}
