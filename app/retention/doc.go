// Package retention removes from the database what is old enough, permanently or
// into the archive.
package retention
