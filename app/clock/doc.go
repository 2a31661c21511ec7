// Package clock is the clock of this machine, checked: what happens within a
// minute of a wrong clock cannot be undone.
package clock
