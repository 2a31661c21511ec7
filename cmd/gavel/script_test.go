package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestMain makes "gavel" in the scripts this program itself.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gavel": main})
}

// TestScripts uses the program as its users do, by testdata/script/*.txtar.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testkit.Scripts("../../testdata/script"))
}
