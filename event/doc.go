// Package event has the types of Gavel: the events that Cirrus Insight sends,
// their meetings and changes, and the runs and attempts that rules start.
//
// Every other package may import it; it imports only the standard library. Field
// names in expressions (the expr and json tags) are the vendor's.
//
// The life of a run:
//
//	          ┌──────────── due ◄───────────┐
//	          ▼                             │
//	pending ──► running ──► waiting (a wait action, or a later attempt)
//	   │          │  │
//	   │          │  ├──► succeeded
//	   │          │  ├──► failed      (kept; can be retried manually)
//	   │          │  └──► skipped     (the rule no longer applies)
//	   └──────────┴─────► canceled    (dropped with its meeting, or manually)
//
// A running run has a lease. If its process dies, the lease ends and another
// process continues the run where it stopped.
package event
