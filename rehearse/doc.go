// Package rehearse runs a rule set with given events and a simulated clock, to
// show what rules do before anything is sent: rule tests and back-tests.
//
// It uses the engine itself, with a store in memory, a simulated clock and mock
// destinations. So matching, waits, retries and limits work as in serve.
//
//	Stage     an engine, its clock and its store
//	RunSuite  the tests of one file, each on a stage of its own
//	Backtest  stored events in sequence on one stage
package rehearse
