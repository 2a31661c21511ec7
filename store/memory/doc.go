// Package memory keeps events and runs in memory, for rehearsals: rule tests
// and back-tests. It uses the same code as the databases to decide about late
// events, waiting runs and windows, but serves one process that cannot crash:
// leases do not end, and nothing survives Close.
//
// storetest.RunRehearsal is the part of the store contract that it fulfills.
//
// With Options.Forget it keeps only what a later event could need, so that a
// back-test over millions of events needs no more memory than one over a
// thousand.
// back-test over millions of events needs no more memory than one over a
// thousand.
package memory
