// Package rehearse plays events and the passing of time against a rule set, so
// that people see what their rules do before anything goes out: rule tests and
// back-tests.
//
// It is the engine itself, on a store in memory, with a clock that is moved by
// hand and destinations that are made up. So what is matched, waited for,
// moved, dropped, counted and tried again cannot differ from what serve does.
//
//	Stage     an engine, its clock and its store
//	RunSuite  the tests of one file, each on a stage of its own
//	Backtest  stored events, one after the other, on one stage
package rehearse
