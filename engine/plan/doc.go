// Package plan decides what happens to runs: which ones an event or a replay
// starts, when a wait ends, and what a newer event or rule does to a waiting run.
// It sends and stores nothing.
package plan
