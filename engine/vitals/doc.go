// Package vitals keeps what tells whether an engine works: the signs of life of
// its dispatcher and workers, and the runs that it cannot carry on with.
package vitals
