// Package retention removes from the database what is old enough, for good or
// into the archive.
package retention
