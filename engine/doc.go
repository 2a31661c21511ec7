// Package engine is what happens to an event: match it against the rules, plan
// the runs it starts, carry them out action by action, try again, wait, follow
// the meeting.
//
//	Take ──► match ──► store.Accept ──► queue ──► carry out ──► store.Record
//	                        │             ▲            │
//	                        └── later ──► dispatch ◄───┘ (retry, wait, next in lane)
//
// A run lives in the store. The engine holds a bounded number of them under
// leases; whatever is not recorded when the process dies is claimed again when
// the lease ends, here or on another machine.
//
// Below it: plan works out what becomes of runs, gate what may go out now, vitals
// whether the engine works, and spans tell a trace of it.
package engine
