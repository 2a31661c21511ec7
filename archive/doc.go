// Package archive keeps events that were moved out of the database, in a folder
// of compressed files by day (UTC), one JSON object per line:
//
//	2026-11-01.20261201T000003Z-5f0c2a1b.ndjson.gz
//
// Events move in steps, so that a crash at any time neither loses nor duplicates
// any:
//
//	….ndjson.gz.tmp ──► ….ndjson.gz.pending ──► deleted from the ──► ….ndjson.gz
//	being written       on disk, still in       database
//	                    the database too
//
// After a crash, the next move removes .tmp files and finishes pending ones.
// Readers read pending files too. An event that is in several places counts
// once: all are in order of time, so merging brings its copies together.
package archive
