//go:build !unix

package guard

// SameOwner changes nothing here: a file belongs to its folder's users.
func SameOwner(string, ...string) error { return nil }
