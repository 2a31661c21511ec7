// Package export writes stored events and runs for other programs: as lines of
// JSON, or as CSV for spreadsheets.
//
// It reads page by page, so millions need no more memory than a few, and it
// can be interrupted at any row: the cursor says from where to go on.
package export
