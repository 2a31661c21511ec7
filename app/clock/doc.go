// Package clock is the clock of this machine with doubts: what a clock that is
// wrong for a minute does cannot be undone.
package clock
