//go:build !linux

package sqlite_test

import (
	"os"
	"testing"
)

// asNobody cannot lay down the superuser's rights for one test alone here.
func asNobody(t *testing.T, _ string) {
	t.Helper()
	if os.Geteuid() == 0 {
		t.Fatal("run the tests as a user without rights over other people's files")
	}
}
