// Package upgrade runs the last release and the present program on the same
// database: one after the other, both together, and back. The release is built
// from its commit, which releases.txt names.
package upgrade
