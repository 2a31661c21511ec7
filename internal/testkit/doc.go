// Package testkit runs the real binary for end-to-end tests: it builds it once
// per test run, starts it on free loopback ports, posts signed events, sends
// it signals and reads its output.
//
// A package that uses it hands its tests to Main:
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
package testkit
