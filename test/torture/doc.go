// Package torture holds a test that hurts Gavel in every way a bad day does
// and then counts: processes killed at random, a destination that fails,
// stalls and hangs up, rules rewritten all the time, rules and connections
// paused and resumed. "make torture" runs the long form, the tests of every day
// a short one.
package torture
