// Package plan works out what becomes of runs before anything is carried out or
// stored: the runs that an event or a replay starts, where a wait ends, and what
// a newer event or a newer rule does to a run that waits. It sends nothing and
// changes nothing.
package plan
