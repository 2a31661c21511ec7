//go:build !linux

package live

// anyOpenForWriting cannot tell here; the quiet time has to do.
func anyOpenForWriting([]string) bool { return false }
