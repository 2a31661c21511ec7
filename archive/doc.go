// Package archive keeps events that have left the database, in a folder of
// compressed files by day (UTC), one JSON object per line:
//
//	2026-11-01.20261201T000003Z-5f0c2a1b.ndjson.gz
//
// Events move in steps, so that a crash at any moment loses and doubles none:
//
//	….ndjson.gz.tmp ──► ….ndjson.gz.pending ──► deleted from the ──► ….ndjson.gz
//	being written       on disk, still in       database
//	                    the database too
//
// A file being written that was left behind is removed; a pending one is
// finished by the next move. Readers look at pending files too, and where an
// event stands in several places it counts once: each file is in the order of
// time, so the places come side by side.
package archive
