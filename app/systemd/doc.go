// Package systemd talks to the service manager that started Gavel: it says when
// Gavel is ready, reloads or stops and that it still works, and takes over
// sockets and credentials. Without such a manager it does nothing.
package systemd
