// Package gather is a file layer of SQLite that writes the frames of a commit
// to the write-ahead log in one piece. SQLite writes two pieces for each page,
// 180 for a commit of 90 pages, and then syncs.
//
// Everything else is SQLite's own file layer. The package needs unsafe, so it
// is kept small and does nothing else; see docs/decisions/0012-log-in-one-piece.md.
package gather
