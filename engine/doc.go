// Package engine handles an event: it matches the event against the rules, plans
// the runs it starts, and carries them out action by action, with retries, waits
// and changes of the meeting.
//
//	Take ──► match ──► store.Accept ──► queue ──► carry out ──► store.Record
//	                        │             ▲            │
//	                        └── later ──► dispatch ◄───┘ (retry, wait, next in lane)
//
// Runs are stored. The engine holds a limited number of them under leases. If
// the process dies, its runs are claimed again when the lease ends, here or on
// another machine.
//
// Package plan decides what happens to runs, gate what may be sent now, vitals
// whether the engine works; spans writes traces.
package engine
