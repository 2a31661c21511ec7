// Package accuracy tests that reports made of kept facts are those that the bodies
// of the events give. It is a long calculation by one goroutine, so it has a folder
// that scripts/test runs without the race detector.
package accuracy
