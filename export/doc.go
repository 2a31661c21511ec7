// Package export writes stored events and runs for other programs: as NDJSON, or
// as CSV for spreadsheets.
//
// It reads page by page, so memory use does not depend on the number of rows. It
// can be interrupted at any row and continued from the cursor.
package export
