//go:build !linux

package gather

// VFS returns no name: here SQLite writes its log itself.
func VFS() (string, error) { return "", nil }
