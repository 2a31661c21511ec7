// Package retention removes old events from the database: it deletes them or
// moves them into the archive.
package retention
