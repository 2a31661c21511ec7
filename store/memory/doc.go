// Package memory keeps events and runs in memory, for rehearsals: rule tests
// and back-tests. It decides by the same code as the databases (what becomes of
// a late event, of a waiting run, of a window), but serves one process that
// cannot die: leases do not end, and nothing survives Close.
//
// storetest.RunRehearsal is the part of the contract of a store that it keeps.
//
// With Options.Forget it holds only what a later event could ask for, so that a
// back-test over millions of events needs no more memory than one over a
// thousand.
package memory
