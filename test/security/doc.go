// Package security attacks the real binary through its public doors: text of
// strangers in every field, addresses that lead inside, floods, forged
// signatures. What counts is what the other side understood.
package security
