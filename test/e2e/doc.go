// Package e2e holds tests that use the real binary the way its users do: over
// HTTP, by signals and by the command line, with a server of their own in the
// place of what actions call.
package e2e
